-- Calls per week and need.
-- Counts a call once for every need heard in it, whatever the question.
SELECT
    CAST(date_trunc('week', local_date) AS DATE) AS week_start,
    need,
    count(DISTINCT call_id) AS calls
FROM needs
WHERE local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2
