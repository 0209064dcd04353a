-- Every question with its labels and the moment of its call: the ground under the other views.
-- Counts nothing itself. A topic's own question goes before a generic one with the same id. An id that has no label
-- (any more) shows as the id, so that no question drops out of a count.
CREATE VIEW questions_labelled AS
SELECT
    q.call_id,
    q.question_no,
    c.local_date,
    c.week_start,
    c.iso_week,
    c.local_hour,
    c.queue,
    coalesce(t.domain, 'unknown') AS domain,
    coalesce(t.domain_label, 'Onbekend') AS domain_label,
    coalesce(t.sensitive, false) AS sensitive,
    q.topic,
    coalesce(t.label, q.topic) AS topic_label,
    q.facet,
    coalesce(own.label, generic.label, q.facet, 'Niet duidelijk') AS facet_label,
    coalesce(own.section, generic.section, '') AS section,
    coalesce(own.preventable, generic.preventable, 'depends') AS preventable,
    q.score
FROM questions q
JOIN calls c ON c.local_date = q.local_date AND c.call_id = q.call_id
LEFT JOIN topics t ON t.topic = q.topic
LEFT JOIN facets own ON own.topic = q.topic AND own.facet = q.facet
LEFT JOIN facets generic ON generic.topic = '*' AND generic.facet = q.facet;

COMMENT ON VIEW questions_labelled IS 'Eén rij per gehoorde vraag, met Nederlandse namen en het moment van het gesprek.';
COMMENT ON COLUMN questions_labelled.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN questions_labelled.question_no IS 'Volgnummer van de vraag binnen het gesprek, vanaf 0.';
COMMENT ON COLUMN questions_labelled.local_date IS 'Datum van het gesprek in Nederland.';
COMMENT ON COLUMN questions_labelled.week_start IS 'Maandag van de week van het gesprek.';
COMMENT ON COLUMN questions_labelled.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN questions_labelled.local_hour IS 'Uur van de dag waarin het gesprek begon.';
COMMENT ON COLUMN questions_labelled.queue IS 'Wachtrij van het gesprek.';
COMMENT ON COLUMN questions_labelled.domain IS 'Vaste code van het vakgebied.';
COMMENT ON COLUMN questions_labelled.domain_label IS 'Naam van het vakgebied.';
COMMENT ON COLUMN questions_labelled.sensitive IS 'Of het onderwerp vanzelf vertrouwelijk is.';
COMMENT ON COLUMN questions_labelled.topic IS 'Vaste code van het onderwerp.';
COMMENT ON COLUMN questions_labelled.topic_label IS 'Naam van het onderwerp.';
COMMENT ON COLUMN questions_labelled.facet IS 'Vaste code van de specifieke vraag; leeg als die niet duidelijk was.';
COMMENT ON COLUMN questions_labelled.facet_label IS 'De specifieke vraag in gewone woorden.';
COMMENT ON COLUMN questions_labelled.section IS 'Deel van het kennisartikel dat het antwoord had moeten geven.';
COMMENT ON COLUMN questions_labelled.preventable IS 'Of zo''n gesprek meestal te voorkomen is: likely, depends of unlikely.';
COMMENT ON COLUMN questions_labelled.score IS 'Hoe zeker het model is van de vraag, van 0 tot 1.';
