-- What tagging again changed: topics that calls lost and gained, from the version before to the present one.
-- Counts calls, each against the last tags that it had before. A call whose tags came out equal has no earlier tags and
-- does not count; neither does a call whose specific question alone changed.
CREATE VIEW retagged_topics AS
WITH before AS (
    SELECT call_id, tag_version, tag AS topic FROM tags_before WHERE about = 'question'
    QUALIFY version_no = max(version_no) OVER (PARTITION BY call_id)
),
versions AS (
    SELECT DISTINCT b.call_id, b.tag_version AS version_before, coalesce(c.tag_version, '') AS version_now
    FROM (
        SELECT call_id, tag_version FROM tags_before
        QUALIFY version_no = max(version_no) OVER (PARTITION BY call_id)
    ) b
    JOIN calls c USING (call_id)
),
compared AS (
    SELECT
        coalesce(b.call_id, n.call_id) AS call_id,
        coalesce(b.topic, n.topic) AS topic,
        b.topic IS NOT NULL AS had,
        n.topic IS NOT NULL AS has
    FROM (SELECT DISTINCT call_id, topic FROM before) b
    FULL JOIN (SELECT DISTINCT call_id, topic FROM questions WHERE call_id IN (SELECT call_id FROM versions)) n
        ON n.call_id = b.call_id AND n.topic = b.topic
)
SELECT
    v.version_before,
    v.version_now,
    c.topic,
    coalesce(d.label, CASE WHEN c.topic = 'unknown' THEN 'Onbekend' ELSE c.topic END) AS topic_label,
    count(*) FILTER (WHERE c.had AND NOT c.has) AS lost,
    count(*) FILTER (WHERE c.has AND NOT c.had) AS gained
FROM compared c
JOIN versions v USING (call_id)
LEFT JOIN topics d ON d.topic = c.topic
GROUP BY ALL
HAVING lost + gained > 0;

COMMENT ON VIEW retagged_topics IS 'Wat opnieuw labelen veranderde: hoeveel gesprekken een onderwerp kwijtraakten of erbij kregen.';
COMMENT ON COLUMN retagged_topics.version_before IS 'Versie waarmee de gesprekken eerst waren gelabeld; leeg als die niet is bewaard.';
COMMENT ON COLUMN retagged_topics.version_now IS 'Versie waarmee ze nu zijn gelabeld.';
COMMENT ON COLUMN retagged_topics.topic IS 'Vaste code van het onderwerp.';
COMMENT ON COLUMN retagged_topics.topic_label IS 'Naam van het onderwerp.';
COMMENT ON COLUMN retagged_topics.lost IS 'Aantal gesprekken die dit onderwerp hadden en nu niet meer.';
COMMENT ON COLUMN retagged_topics.gained IS 'Aantal gesprekken die dit onderwerp nu hebben en eerst niet.';
