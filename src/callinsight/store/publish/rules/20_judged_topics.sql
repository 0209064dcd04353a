-- Topics of a week. Their sum is about the number of calls of the week, so that counts as known. From low to high is what a
-- hidden count can be.
WITH told AS (
    SELECT week_start, topic, bool_or(exposed) AS exposed FROM judged_questions GROUP BY ALL
),
topics AS (
    SELECT t.week_start, t.topic, t.calls, coalesce(q.exposed, false) AS forced
    FROM topics_per_week t
    LEFT JOIN told q ON q.week_start = t.week_start AND q.topic = t.topic
),
judged AS (
    SELECT
        week_start, topic, calls,
        hide(calls, forced, week_start, topic) AS hidden,
        exposed(calls, forced, week_start) AS exposed
    FROM topics
)
SELECT *, lowest(calls, hidden, week_start) AS low, highest(calls, hidden, week_start) AS high FROM judged
