-- Needs of a topic and month. Where all questions on a topic have one need, or a need has all its questions on one topic,
-- they tell the month of the topic or of the need, and so what hides in one of its weeks. Then the smallest count hides
-- too, and each count that is the whole month by itself.
WITH weeks AS (
    SELECT DISTINCT week_start FROM topics_per_week
),
spans AS (
    SELECT m.month_start, w.week_start
    FROM (SELECT DISTINCT month_start FROM needs_per_topic) m
    JOIN weeks w ON w.week_start + 6 >= m.month_start AND w.week_start < m.month_start + INTERVAL 1 MONTH
),
of_topic AS (
    SELECT s.month_start, t.topic, bool_or(t.hidden) AS hidden
    FROM spans s JOIN judged_topics t ON t.week_start = s.week_start
    GROUP BY s.month_start, t.topic
),
of_need AS (
    SELECT s.month_start, n.need, bool_or(n.hidden) AS hidden
    FROM spans s JOIN judged_needs n ON n.week_start = s.week_start
    GROUP BY s.month_start, n.need
),
placed AS (
    SELECT
        c.month_start, c.topic, c.need, c.calls, coalesce(t.hidden, false) AS topic_hides,
        (coalesce(t.hidden, false) AND row_number() OVER (PARTITION BY c.month_start, c.topic ORDER BY c.calls, c.need) = 1)
        OR (coalesce(n.hidden, false) AND row_number() OVER (PARTITION BY c.month_start, c.need ORDER BY c.calls, c.topic) = 1)
        AS least
    FROM needs_per_topic c
    LEFT JOIN of_topic t ON t.month_start = c.month_start AND t.topic = c.topic
    LEFT JOIN of_need n ON n.month_start = c.month_start AND n.need = c.need
),
judged AS (
    SELECT
        *,
        least OR (topic_hides AND calls >= max(calls) OVER (PARTITION BY month_start, topic)) AS forced
    FROM placed
)
SELECT
    month_start, topic, need, calls,
    hide(calls, forced, month_start || topic, need) AS hidden,
    exposed(calls, forced, month_start || topic) AS exposed
FROM judged
