-- Calls per week and kind of signal.
-- Counts a call once per kind, however often it was heard in that call.
SELECT
    CAST(date_trunc('week', local_date) AS DATE) AS week_start,
    kind,
    count(DISTINCT call_id) AS calls
FROM signals
WHERE local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2
