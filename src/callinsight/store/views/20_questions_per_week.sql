-- How many calls held each specific question, per week.
-- Counts a call once for each topic and specific question that was heard in it. A call with two questions therefore
-- counts twice over the whole table: add up calls_per_hour for the number of calls. Calls without any question do not count.
CREATE VIEW questions_per_week AS
SELECT
    strftime(s.week_start, '%G-W%V') AS iso_week,
    s.week_start,
    coalesce(t.domain_label, 'Onbekend') AS domain_label,
    s.topic,
    coalesce(t.label, s.topic) AS topic_label,
    s.facet,
    coalesce(own.label, generic.label, s.facet, 'Niet duidelijk') AS facet_label,
    s.calls
FROM week_questions s
LEFT JOIN topics t ON t.topic = s.topic
LEFT JOIN facets own ON own.topic = s.topic AND own.facet = s.facet
LEFT JOIN facets generic ON generic.topic = '*' AND generic.facet = s.facet;

COMMENT ON VIEW questions_per_week IS 'Hoeveel gesprekken per week over elke specifieke vraag gingen.';
COMMENT ON COLUMN questions_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN questions_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN questions_per_week.domain_label IS 'Naam van het vakgebied.';
COMMENT ON COLUMN questions_per_week.topic IS 'Vaste code van het onderwerp.';
COMMENT ON COLUMN questions_per_week.topic_label IS 'Naam van het onderwerp.';
COMMENT ON COLUMN questions_per_week.facet IS 'Vaste code van de specifieke vraag; leeg als die niet duidelijk was.';
COMMENT ON COLUMN questions_per_week.facet_label IS 'De specifieke vraag in gewone woorden.';
COMMENT ON COLUMN questions_per_week.calls IS 'Aantal gesprekken met deze vraag. Een gesprek met twee vragen telt bij allebei mee.';
