-- The topic that was registered beside the first topic that was heard, per week.
-- Counts calls that have both a registered topic and a recognised question. Calls of which the topic stayed unknown are
-- left out. agrees is also true when the registered topic was heard as a later question of the same call.
CREATE VIEW registered_vs_heard AS
SELECT
    strftime(s.week_start, '%G-W%V') AS iso_week,
    s.week_start,
    s.registered_topic,
    coalesce(r.label, s.registered_topic) AS registered_label,
    s.heard_topic,
    coalesce(t.label, s.heard_topic) AS heard_label,
    s.agrees,
    s.calls
FROM week_registered s
LEFT JOIN topics r ON r.topic = s.registered_topic
LEFT JOIN topics t ON t.topic = s.heard_topic;

COMMENT ON VIEW registered_vs_heard IS 'Het geregistreerde onderwerp naast het onderwerp dat is gehoord, per week.';
COMMENT ON COLUMN registered_vs_heard.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN registered_vs_heard.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN registered_vs_heard.registered_topic IS 'Vaste code van het geregistreerde onderwerp.';
COMMENT ON COLUMN registered_vs_heard.registered_label IS 'Naam van het geregistreerde onderwerp.';
COMMENT ON COLUMN registered_vs_heard.heard_topic IS 'Vaste code van het eerste gehoorde onderwerp.';
COMMENT ON COLUMN registered_vs_heard.heard_label IS 'Naam van het eerste gehoorde onderwerp.';
COMMENT ON COLUMN registered_vs_heard.agrees IS 'Of het geregistreerde onderwerp in het gesprek is gehoord.';
COMMENT ON COLUMN registered_vs_heard.calls IS 'Aantal gesprekken.';
