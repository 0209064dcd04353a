-- A call, and its measures, must stand in the database once.
SELECT 'calls' AS table_name, call_id, count(*) AS copies
FROM calls WHERE call_id IN (SELECT call_id FROM batch)
GROUP BY ALL HAVING copies <> 1
UNION ALL
SELECT 'measures', call_id, count(m.call_id)
FROM batch LEFT JOIN measures m USING (call_id)
GROUP BY ALL HAVING count(m.call_id) <> 1;
