-- Questions of a topic and week. exposed: its topic has to hide, or a small count would follow from the topic's. From low
-- to high is what a hidden count can be.
WITH judged AS (
    SELECT
        week_start, topic, facet, calls,
        hide(calls, false, week_start || topic, coalesce(facet, '')) AS hidden,
        exposed(calls, false, week_start || topic) AS exposed
    FROM questions_per_week
)
SELECT
    *,
    lowest(calls, hidden, week_start || topic) AS low,
    highest(calls, hidden, week_start || topic) AS high
FROM judged
