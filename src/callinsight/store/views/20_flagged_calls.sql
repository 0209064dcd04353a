-- Every signal in a call with the redacted words that raised it, for the improvement meeting.
-- One row per signal, not per call. The quote holds the turns that the signal points at; a signal that points at none
-- quotes the turn in which its passage begins. Signals are no judgement: a human listens first.
CREATE VIEW flagged_calls AS
SELECT
    f.call_id,
    f.started_local,
    f.iso_week,
    f.queue,
    array_to_string(
        list_sort(list_distinct(list_transform(f.topics, lambda topic: coalesce(l.by_topic[topic], topic)))), ', '
    ) AS topics,
    f.kind,
    coalesce(k.label, f.kind) AS kind_label,
    f.severity,
    CASE f.severity
        WHEN 'immediate' THEN 'Direct'
        WHEN 'same-day' THEN 'Vandaag'
        WHEN 'human-review' THEN 'Bekijken'
        ELSE 'Ter informatie'
    END AS severity_label,
    f.source,
    f.score,
    f.start_ms,
    f.end_ms,
    CAST(f.start_ms // 60000 AS VARCHAR) || ':' || lpad(CAST(f.start_ms // 1000 % 60 AS VARCHAR), 2, '0') AS at_time,
    f.quote
FROM day_flags f
CROSS JOIN (SELECT coalesce(map(list(topic), list(label)), MAP {}) AS by_topic FROM topics) l
LEFT JOIN signal_kinds k ON k.kind = f.kind;

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
