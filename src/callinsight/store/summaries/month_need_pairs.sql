-- Calls per month with both of two needs.
-- Counts each pair of different needs once per call; need_a comes first in the alphabet of ids.
WITH heard AS (
    SELECT DISTINCT local_date, call_id, need FROM needs WHERE local_date IN (SELECT local_date FROM days)
)
SELECT
    CAST(date_trunc('month', a.local_date) AS DATE) AS month_start,
    a.need AS need_a,
    b.need AS need_b,
    count(*) AS calls
FROM heard a
JOIN heard b ON b.local_date = a.local_date AND b.call_id = a.call_id AND a.need < b.need
GROUP BY 1, 2, 3
