-- Calls and their sound by day, hour and queue, kept per week.
-- Counts every processed call once, at the hour in which it began.
SELECT
    CAST(date_trunc('week', c.local_date) AS DATE) AS week_start,
    c.local_date,
    c.local_hour,
    c.queue,
    count(*) AS calls,
    CAST(sum(m.duration_ms) AS BIGINT) AS duration_ms
FROM calls c
JOIN measures m ON m.local_date = c.local_date AND m.call_id = c.call_id
WHERE c.local_date IN (SELECT local_date FROM days) AND m.local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2, 3, 4
