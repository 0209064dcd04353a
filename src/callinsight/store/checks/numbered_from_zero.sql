-- Turns, questions and signals of a call must be numbered 0, 1, 2, ... without holes or repeats.
SELECT 'turns' AS table_name, call_id FROM turns WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
GROUP BY call_id HAVING min(turn_no) <> 0 OR max(turn_no) + 1 <> count(*) OR count(DISTINCT turn_no) <> count(*)
UNION ALL
SELECT 'questions', call_id FROM questions WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
GROUP BY call_id
HAVING min(question_no) <> 0 OR max(question_no) + 1 <> count(*) OR count(DISTINCT question_no) <> count(*)
UNION ALL
SELECT 'signals', call_id FROM signals WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
GROUP BY call_id
HAVING min(signal_no) <> 0 OR max(signal_no) + 1 <> count(*) OR count(DISTINCT signal_no) <> count(*);
