-- Questions that a better letter, page or process would often have prevented, with what to mend, per week.
-- Counts a call once per topic and specific question of which the taxonomy says that it is likely preventable. That is
-- a rule of thumb about the question and says nothing about this caller or this call. Questions without a clear facet
-- do not count, so the real number may be higher.
CREATE VIEW preventable_calls AS
SELECT
    strftime(s.week_start, '%G-W%V') AS iso_week,
    s.week_start,
    coalesce(t.domain_label, 'Onbekend') AS domain_label,
    s.topic,
    coalesce(t.label, s.topic) AS topic_label,
    s.facet,
    coalesce(own.label, generic.label, s.facet) AS facet_label,
    coalesce(own.section, generic.section, '') AS section,
    s.calls
FROM week_questions s
LEFT JOIN topics t ON t.topic = s.topic
LEFT JOIN facets own ON own.topic = s.topic AND own.facet = s.facet
LEFT JOIN facets generic ON generic.topic = '*' AND generic.facet = s.facet
WHERE s.facet IS NOT NULL AND coalesce(own.preventable, generic.preventable, 'depends') = 'likely';

COMMENT ON VIEW preventable_calls IS 'Vragen die een betere brief, pagina of werkwijze vaak had voorkomen, met het deel van het kennisartikel dat beter kan.';
COMMENT ON COLUMN preventable_calls.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN preventable_calls.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN preventable_calls.domain_label IS 'Naam van het vakgebied.';
COMMENT ON COLUMN preventable_calls.topic IS 'Vaste code van het onderwerp.';
COMMENT ON COLUMN preventable_calls.topic_label IS 'Naam van het onderwerp.';
COMMENT ON COLUMN preventable_calls.facet IS 'Vaste code van de specifieke vraag.';
COMMENT ON COLUMN preventable_calls.facet_label IS 'De specifieke vraag in gewone woorden.';
COMMENT ON COLUMN preventable_calls.section IS 'Deel van het kennisartikel dat beter kan.';
COMMENT ON COLUMN preventable_calls.calls IS 'Aantal gesprekken met deze vraag.';
