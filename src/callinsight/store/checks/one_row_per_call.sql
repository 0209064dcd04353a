-- A call, and its measures, must stand in the database once.
WITH held AS (
    SELECT call_id, count(*) AS copies FROM calls
    WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
    GROUP BY call_id
),
measured AS (
    SELECT call_id, count(*) AS copies FROM measures
    WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
    GROUP BY call_id
)
SELECT 'calls' AS table_name, call_id, coalesce(h.copies, 0) AS copies
FROM batch LEFT JOIN held h USING (call_id) WHERE coalesce(h.copies, 0) <> 1
UNION ALL
SELECT 'measures', call_id, coalesce(m.copies, 0)
FROM batch LEFT JOIN measured m USING (call_id) WHERE coalesce(m.copies, 0) <> 1;
