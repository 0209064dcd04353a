-- Every row must belong to a call, and every need to a question of that call.
SELECT 'questions' AS table_name, call_id FROM questions
WHERE call_id IN (SELECT call_id FROM batch) AND call_id NOT IN (SELECT call_id FROM calls)
UNION ALL
SELECT 'turns', call_id FROM turns
WHERE call_id IN (SELECT call_id FROM batch) AND call_id NOT IN (SELECT call_id FROM calls)
UNION ALL
SELECT 'needs', n.call_id FROM needs n
WHERE n.call_id IN (SELECT call_id FROM batch)
  AND NOT EXISTS (SELECT 1 FROM questions q WHERE q.call_id = n.call_id AND q.question_no = n.question_no);
