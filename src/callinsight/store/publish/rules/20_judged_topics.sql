-- Topics of a week. Their sum is about the number of calls of the week, so that counts as known. From low to high is what a
-- hidden count can be. Of a month whose pairs of topics would follow from the sum of all topics, the week with the most
-- of them hides its least topic that is not small, with as many others as that takes.
WITH told AS (
    SELECT week_start, topic, bool_or(exposed) AS exposed FROM judged_questions GROUP BY ALL
),
twice AS (
    SELECT week_start, sum(t.calls) - any_value(w.calls) AS calls
    FROM topics_per_week t JOIN week_calls w USING (week_start) GROUP BY week_start
),
fullest AS (
    SELECT p.month_start, arg_max(w.week_start, (w.calls, w.week_start)) AS week_start
    FROM (SELECT DISTINCT month_start FROM judged_pairs WHERE exposed) p
    JOIN twice w ON w.week_start + 6 >= p.month_start AND w.week_start < p.month_start + INTERVAL 1 MONTH
    GROUP BY p.month_start
),
least AS (
    SELECT week_start, arg_min(topic, (calls, topic)) AS topic
    FROM topics_per_week WHERE NOT is_small(calls) AND week_start IN (SELECT week_start FROM fullest)
    GROUP BY week_start
),
topics AS (
    SELECT t.week_start, t.topic, t.calls, coalesce(q.exposed, false) OR l.topic IS NOT NULL AS forced
    FROM topics_per_week t
    LEFT JOIN told q ON q.week_start = t.week_start AND q.topic = t.topic
    LEFT JOIN least l ON l.week_start = t.week_start AND l.topic = t.topic
),
judged AS (
    SELECT
        week_start, topic, calls,
        hide(calls, forced, week_start, topic) AS hidden,
        exposed(calls, forced, week_start) AS exposed
    FROM topics
)
SELECT *, lowest(calls, hidden, week_start) AS low, highest(calls, hidden, week_start) AS high FROM judged
