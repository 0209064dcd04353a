-- Calls per week and ending.
-- Counts every processed call once.
SELECT
    CAST(date_trunc('week', local_date) AS DATE) AS week_start,
    outcome,
    count(*) AS calls
FROM calls
WHERE local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2
