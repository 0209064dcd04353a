-- Every signal of the days with the redacted words behind it and the topics of its call.
-- One row per signal, not per call. The quote holds the turns that the signal points at; a signal that points at none
-- quotes the turn in which its passage begins. The quote is empty when the words are past their term. topics holds ids in
-- the order of the alphabet, without repeats.
WITH flagged AS (
    SELECT * FROM signals WHERE local_date IN (SELECT local_date FROM days)
),
said AS (
    SELECT t.local_date, t.call_id, t.turn_no, t.start_ms, t.end_ms, t.text FROM turns t
    WHERE t.local_date IN (SELECT local_date FROM days) AND t.call_id IN (SELECT call_id FROM flagged)
),
pointed AS (
    SELECT call_id, signal_no, unnest(evidence) AS turn_no FROM flagged WHERE len(evidence) > 0
    UNION ALL
    SELECT s.call_id, s.signal_no, min(t.turn_no)
    FROM flagged s JOIN said t ON t.call_id = s.call_id AND t.end_ms > s.start_ms AND t.start_ms < s.end_ms
    WHERE len(s.evidence) = 0
    GROUP BY s.call_id, s.signal_no
),
quotes AS (
    SELECT p.call_id, p.signal_no, string_agg(t.text, ' [...] ' ORDER BY t.turn_no) FILTER (t.text <> '') AS quote
    FROM pointed p JOIN said t ON t.call_id = p.call_id AND t.turn_no = p.turn_no
    GROUP BY p.call_id, p.signal_no
),
heard AS (
    SELECT call_id, list_sort(list(DISTINCT topic)) AS topics FROM questions
    WHERE local_date IN (SELECT local_date FROM days) AND call_id IN (SELECT call_id FROM flagged)
    GROUP BY call_id
)
SELECT
    s.local_date,
    c.iso_week,
    c.started_local,
    s.call_id,
    s.signal_no,
    c.queue,
    coalesce(h.topics, []) AS topics,
    s.kind,
    s.severity,
    s.source,
    s.score,
    s.start_ms,
    s.end_ms,
    coalesce(q.quote, '') AS quote
FROM flagged s
JOIN calls c ON c.local_date = s.local_date AND c.call_id = s.call_id
LEFT JOIN quotes q ON q.call_id = s.call_id AND q.signal_no = s.signal_no
LEFT JOIN heard h ON h.call_id = s.call_id
WHERE c.local_date IN (SELECT local_date FROM days)
