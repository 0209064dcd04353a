-- Single calls with the redacted words behind a signal. Only made when the settings ask for quotes; counts are not
-- hidden here, because every row is one call.
SELECT call_id, started_local, iso_week, topics, kind, kind_label, severity, severity_label, at_time, quote
FROM flagged_calls
ORDER BY started_local DESC, call_id, at_time, kind
