-- A recording must not be counted as two calls.
SELECT recording_ref, count(*) AS calls
FROM calls
WHERE recording_ref IN (
    SELECT recording_ref FROM calls
    WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
)
GROUP BY ALL HAVING calls > 1;
