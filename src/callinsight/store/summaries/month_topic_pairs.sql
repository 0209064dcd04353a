-- Calls per month about both of two topics.
-- Counts each pair of different topics once per call; topic_a comes first in the alphabet of ids. Topics that stayed
-- unknown do not count.
WITH heard AS (
    SELECT DISTINCT local_date, call_id, topic FROM questions
    WHERE local_date IN (SELECT local_date FROM days) AND topic <> 'unknown'
)
SELECT
    CAST(date_trunc('month', a.local_date) AS DATE) AS month_start,
    a.topic AS topic_a,
    b.topic AS topic_b,
    count(*) AS calls
FROM heard a
JOIN heard b ON b.local_date = a.local_date AND b.call_id = a.call_id AND a.topic < b.topic
GROUP BY 1, 2, 3
