-- How many calls carried each signal, per week.
-- Counts a call once per kind of signal, however often it was heard in that call.
CREATE VIEW signals_per_week AS
SELECT
    strftime(s.week_start, '%G-W%V') AS iso_week,
    s.week_start,
    s.kind,
    coalesce(k.label, s.kind) AS kind_label,
    s.calls
FROM week_signals s
LEFT JOIN signal_kinds k USING (kind);

COMMENT ON VIEW signals_per_week IS 'Hoeveel gesprekken per week elk signaal hadden.';
COMMENT ON COLUMN signals_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN signals_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN signals_per_week.kind IS 'Vaste code van het signaal.';
COMMENT ON COLUMN signals_per_week.kind_label IS 'Het signaal in gewone woorden.';
COMMENT ON COLUMN signals_per_week.calls IS 'Aantal gesprekken met dit signaal.';
