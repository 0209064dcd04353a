-- Calls per month in which at least two topics of one life event were heard, and how many topics those were together.
-- Counts a call once for every such life event. Deprecated life events do not count. Follows from life_events and
-- life_event_topics too: made anew as a whole when those change.
WITH heard AS (
    SELECT DISTINCT local_date, call_id, topic FROM questions WHERE local_date IN (SELECT local_date FROM days)
),
bundled AS (
    SELECT h.local_date, h.call_id, e.event, count(*) AS topics
    FROM heard h
    JOIN life_event_topics t ON t.topic = h.topic AND NOT t.deprecated
    JOIN life_events e ON e.event = t.event AND NOT e.deprecated
    GROUP BY 1, 2, 3
    HAVING count(*) >= 2
)
SELECT
    CAST(date_trunc('month', local_date) AS DATE) AS month_start,
    event,
    count(*) AS calls,
    CAST(sum(topics) AS BIGINT) AS topics
FROM bundled
GROUP BY 1, 2
