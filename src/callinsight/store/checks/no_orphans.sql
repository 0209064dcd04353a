-- Every row must belong to a call of the same day, and every need to a question of that call.
WITH held AS (
    SELECT call_id, local_date FROM calls
    WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
),
heard AS (
    SELECT call_id, question_no FROM questions
    WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
),
rows_of_batch AS (
    SELECT 'questions' AS table_name, call_id, local_date FROM questions
    UNION ALL SELECT 'needs', call_id, local_date FROM needs
    UNION ALL SELECT 'signals', call_id, local_date FROM signals
    UNION ALL SELECT 'measures', call_id, local_date FROM measures
    UNION ALL SELECT 'turns', call_id, local_date FROM turns
    UNION ALL SELECT 'redactions', call_id, local_date FROM redactions
)
SELECT r.table_name, r.call_id
FROM rows_of_batch r ANTI JOIN held h ON h.call_id = r.call_id AND h.local_date = r.local_date
WHERE r.call_id IN (SELECT call_id FROM batch) AND r.local_date IN (SELECT local_date FROM batch_days)
UNION ALL
SELECT 'needs', n.call_id
FROM needs n ANTI JOIN heard q ON q.call_id = n.call_id AND q.question_no = n.question_no
WHERE n.call_id IN (SELECT call_id FROM batch) AND n.local_date IN (SELECT local_date FROM batch_days);
