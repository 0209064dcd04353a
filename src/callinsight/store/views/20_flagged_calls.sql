-- Every signal in a call with the redacted words that raised it, for the improvement meeting.
-- One row per signal, not per call. The quote holds the turns that the signal points at; a signal that points at none
-- quotes the turn in which its passage begins. Signals are no judgement: a human listens first.
CREATE VIEW flagged_calls AS
WITH pointed AS (
    SELECT call_id, signal_no, unnest(evidence) AS turn_no FROM signals WHERE len(evidence) > 0
    UNION ALL
    SELECT s.call_id, s.signal_no, min(t.turn_no)
    FROM signals s JOIN turns t ON t.call_id = s.call_id AND t.end_ms > s.start_ms AND t.start_ms < s.end_ms
    WHERE len(s.evidence) = 0
    GROUP BY ALL
),
quotes AS (
    SELECT p.call_id, p.signal_no, string_agg(t.text, ' [...] ' ORDER BY t.turn_no) AS quote
    FROM pointed p JOIN turns t USING (call_id, turn_no)
    GROUP BY ALL
),
topics_heard AS (
    SELECT call_id, string_agg(DISTINCT topic_label, ', ' ORDER BY topic_label) AS topics
    FROM questions_labelled GROUP BY call_id
)
SELECT
    s.call_id,
    c.started_local,
    c.iso_week,
    c.queue,
    coalesce(h.topics, '') AS topics,
    s.kind,
    coalesce(k.label, s.kind) AS kind_label,
    s.severity,
    CASE s.severity
        WHEN 'immediate' THEN 'Direct'
        WHEN 'same-day' THEN 'Vandaag'
        WHEN 'human-review' THEN 'Bekijken'
        ELSE 'Ter informatie'
    END AS severity_label,
    s.source,
    s.score,
    s.start_ms,
    s.end_ms,
    CAST(s.start_ms // 60000 AS VARCHAR) || ':' || lpad(CAST(s.start_ms // 1000 % 60 AS VARCHAR), 2, '0') AS at_time,
    coalesce(q.quote, '') AS quote
FROM signals s
JOIN calls c USING (call_id)
LEFT JOIN signal_kinds k ON k.kind = s.kind
LEFT JOIN quotes q ON q.call_id = s.call_id AND q.signal_no = s.signal_no
LEFT JOIN topics_heard h ON h.call_id = s.call_id;

COMMENT ON VIEW flagged_calls IS 'Alle signalen met de gemaskeerde woorden waaruit ze blijken, om samen te bespreken.';
COMMENT ON COLUMN flagged_calls.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN flagged_calls.started_local IS 'Begin van het gesprek op de klok in Nederland.';
COMMENT ON COLUMN flagged_calls.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN flagged_calls.queue IS 'Wachtrij van het gesprek.';
COMMENT ON COLUMN flagged_calls.topics IS 'Onderwerpen van het gesprek.';
COMMENT ON COLUMN flagged_calls.kind IS 'Vaste code van het signaal.';
COMMENT ON COLUMN flagged_calls.kind_label IS 'Het signaal in gewone woorden.';
COMMENT ON COLUMN flagged_calls.severity IS 'Hoe snel een mens moet kijken: info, human-review, same-day of immediate.';
COMMENT ON COLUMN flagged_calls.severity_label IS 'Hoe snel een mens moet kijken, in gewone woorden.';
COMMENT ON COLUMN flagged_calls.source IS 'Waar het signaal vandaan komt: rule (vaste regel) of model.';
COMMENT ON COLUMN flagged_calls.score IS 'Hoe zeker het signaal is, van 0 tot 1.';
COMMENT ON COLUMN flagged_calls.start_ms IS 'Begin van de passage, in milliseconden vanaf het begin van de opname.';
COMMENT ON COLUMN flagged_calls.end_ms IS 'Einde van de passage, in milliseconden vanaf het begin van de opname.';
COMMENT ON COLUMN flagged_calls.at_time IS 'Begin van de passage in minuten en seconden vanaf het begin van de opname.';
COMMENT ON COLUMN flagged_calls.quote IS 'De gemaskeerde woorden waaruit het signaal blijkt.';
