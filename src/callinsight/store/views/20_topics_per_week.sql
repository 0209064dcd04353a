-- How many calls were about each topic, per week.
-- Counts a call once for every topic heard in it, whatever the specific question. Calls without any question do not count.
CREATE VIEW topics_per_week AS
SELECT
    strftime(s.week_start, '%G-W%V') AS iso_week,
    s.week_start,
    coalesce(t.domain_label, 'Onbekend') AS domain_label,
    s.topic,
    coalesce(t.label, s.topic) AS topic_label,
    s.calls
FROM week_topics s
LEFT JOIN topics t ON t.topic = s.topic;

COMMENT ON VIEW topics_per_week IS 'Hoeveel gesprekken per week over elk onderwerp gingen.';
COMMENT ON COLUMN topics_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN topics_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN topics_per_week.domain_label IS 'Naam van het vakgebied.';
COMMENT ON COLUMN topics_per_week.topic IS 'Vaste code van het onderwerp.';
COMMENT ON COLUMN topics_per_week.topic_label IS 'Naam van het onderwerp.';
COMMENT ON COLUMN topics_per_week.calls IS 'Aantal gesprekken over dit onderwerp. Een gesprek over twee onderwerpen telt bij allebei mee.';
