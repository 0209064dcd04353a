-- Which topics are asked about in the same call, per month.
-- Counts each pair of different topics once per call, in one direction only (topic_a comes first in the alphabet of ids).
-- Calls about one topic only, and questions of which the topic stayed unknown, do not count.
CREATE VIEW topics_together AS
SELECT
    s.month_start,
    s.topic_a,
    coalesce(a.label, s.topic_a) AS topic_a_label,
    s.topic_b,
    coalesce(b.label, s.topic_b) AS topic_b_label,
    coalesce(a.domain, 'unknown') <> coalesce(b.domain, 'unknown') AS across_domains,
    s.calls
FROM month_topic_pairs s
LEFT JOIN topics a ON a.topic = s.topic_a
LEFT JOIN topics b ON b.topic = s.topic_b;

COMMENT ON VIEW topics_together IS 'Welke onderwerpen samen in één gesprek voorkomen, per maand.';
COMMENT ON COLUMN topics_together.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN topics_together.topic_a IS 'Vaste code van het ene onderwerp.';
COMMENT ON COLUMN topics_together.topic_a_label IS 'Naam van het ene onderwerp.';
COMMENT ON COLUMN topics_together.topic_b IS 'Vaste code van het andere onderwerp.';
COMMENT ON COLUMN topics_together.topic_b_label IS 'Naam van het andere onderwerp.';
COMMENT ON COLUMN topics_together.across_domains IS 'Of de onderwerpen bij verschillende vakgebieden horen.';
COMMENT ON COLUMN topics_together.calls IS 'Aantal gesprekken over beide onderwerpen.';
