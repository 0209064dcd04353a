-- Evidence must name turns that are there, or a quote would show the wrong passage.
WITH last_turns AS (
    SELECT call_id, max(turn_no) AS last_turn FROM turns WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days) GROUP BY call_id
),
pointers AS (
    SELECT call_id, 'questions' AS table_name, list_max(evidence) AS turn_no FROM questions
    WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
    UNION ALL
    SELECT call_id, 'needs', list_max(evidence) FROM needs WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
    UNION ALL
    SELECT call_id, 'signals', list_max(evidence) FROM signals WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
    UNION ALL
    SELECT call_id, 'calls', list_max(outcome_evidence) FROM calls WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
)
SELECT p.table_name, p.call_id, p.turn_no
FROM pointers p LEFT JOIN last_turns t USING (call_id)
WHERE p.turn_no > coalesce(t.last_turn, -1);
