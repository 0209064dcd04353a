-- Which topics are asked about in the same call, per month.
-- Counts each pair of different topics once per call, in one direction only (topic_a comes first in the alphabet of ids).
-- Calls about one topic only, and questions of which the topic stayed unknown, do not count.
CREATE VIEW topics_together AS
WITH heard AS (
    SELECT DISTINCT CAST(date_trunc('month', local_date) AS DATE) AS month_start, call_id, domain, topic, topic_label
    FROM questions_labelled WHERE topic <> 'unknown'
)
SELECT
    a.month_start,
    a.topic AS topic_a,
    a.topic_label AS topic_a_label,
    b.topic AS topic_b,
    b.topic_label AS topic_b_label,
    a.domain <> b.domain AS across_domains,
    count(*) AS calls
FROM heard a
JOIN heard b ON b.call_id = a.call_id AND a.topic < b.topic
GROUP BY ALL;

COMMENT ON VIEW topics_together IS 'Welke onderwerpen samen in één gesprek voorkomen, per maand.';
COMMENT ON COLUMN topics_together.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN topics_together.topic_a IS 'Vaste code van het ene onderwerp.';
COMMENT ON COLUMN topics_together.topic_a_label IS 'Naam van het ene onderwerp.';
COMMENT ON COLUMN topics_together.topic_b IS 'Vaste code van het andere onderwerp.';
COMMENT ON COLUMN topics_together.topic_b_label IS 'Naam van het andere onderwerp.';
COMMENT ON COLUMN topics_together.across_domains IS 'Of de onderwerpen bij verschillende vakgebieden horen.';
COMMENT ON COLUMN topics_together.calls IS 'Aantal gesprekken over beide onderwerpen.';
