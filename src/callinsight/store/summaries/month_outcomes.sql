-- Calls per month and ending.
-- Counts every processed call once.
SELECT
    CAST(date_trunc('month', local_date) AS DATE) AS month_start,
    outcome,
    count(*) AS calls
FROM calls
WHERE local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2
