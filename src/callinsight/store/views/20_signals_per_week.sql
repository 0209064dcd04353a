-- How many calls carried each signal, per week.
-- Counts a call once per kind of signal, however often it was heard in that call.
CREATE VIEW signals_per_week AS
SELECT c.iso_week, c.week_start, s.kind, coalesce(k.label, s.kind) AS kind_label, count(DISTINCT s.call_id) AS calls
FROM signals s
JOIN calls c USING (call_id)
LEFT JOIN signal_kinds k ON k.kind = s.kind
GROUP BY ALL;

COMMENT ON VIEW signals_per_week IS 'Hoeveel gesprekken per week elk signaal hadden.';
COMMENT ON COLUMN signals_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN signals_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN signals_per_week.kind IS 'Vaste code van het signaal.';
COMMENT ON COLUMN signals_per_week.kind_label IS 'Het signaal in gewone woorden.';
COMMENT ON COLUMN signals_per_week.calls IS 'Aantal gesprekken met dit signaal.';
