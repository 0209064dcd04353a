-- Calls per week, with the first and the last day that has any.
-- Counts every processed call once.
SELECT
    CAST(date_trunc('week', local_date) AS DATE) AS week_start,
    min(local_date) AS first_day,
    max(local_date) AS last_day,
    count(*) AS calls
FROM calls
WHERE local_date IN (SELECT local_date FROM days)
GROUP BY 1
