-- Which needs lie behind the questions on each topic, per month.
-- Counts a call once for every pair of topic and need. The need belongs to the question it was heard with, so a call on
-- two topics does not lend the need of one to the other.
CREATE VIEW needs_per_topic AS
SELECT
    s.month_start,
    coalesce(t.domain_label, 'Onbekend') AS domain_label,
    s.topic,
    coalesce(t.label, s.topic) AS topic_label,
    s.need,
    coalesce(k.label, s.need) AS need_label,
    s.calls
FROM month_topic_needs s
LEFT JOIN topics t ON t.topic = s.topic
LEFT JOIN need_kinds k ON k.need = s.need;

COMMENT ON VIEW needs_per_topic IS 'Welke behoeften per maand achter de vragen over een onderwerp zaten: de vraag achter de vraag.';
COMMENT ON COLUMN needs_per_topic.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN needs_per_topic.domain_label IS 'Naam van het vakgebied.';
COMMENT ON COLUMN needs_per_topic.topic IS 'Vaste code van het onderwerp.';
COMMENT ON COLUMN needs_per_topic.topic_label IS 'Naam van het onderwerp.';
COMMENT ON COLUMN needs_per_topic.need IS 'Vaste code van de behoefte.';
COMMENT ON COLUMN needs_per_topic.need_label IS 'De behoefte in gewone woorden.';
COMMENT ON COLUMN needs_per_topic.calls IS 'Aantal gesprekken met deze behoefte achter een vraag over dit onderwerp.';
