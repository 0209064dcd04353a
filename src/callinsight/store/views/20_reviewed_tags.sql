-- Every verdict of the improvement meeting in plain words, with whether it still holds.
-- One row per verdict. newest is false for a verdict that was followed by a later one on the same tag of the same call.
-- still_tagged tells whether the call carries the tag now: after a retagging it may not. A question as a whole (no
-- facet) counts as carried when any question of the call has its topic.
CREATE VIEW reviewed_tags AS
WITH reviewed AS MATERIALIZED (
    -- one look through the ids of all calls; the day of a call then finds its tags
    SELECT call_id, local_date, week_start, outcome FROM calls WHERE call_id IN (SELECT call_id FROM reviews)
),
judged AS MATERIALIZED (
    SELECT DISTINCT r.about, d.call_id, d.local_date, d.outcome FROM reviews r JOIN reviewed d USING (call_id)
),
carried AS (
    SELECT q.call_id, j.about, q.topic AS tag, unnest([q.facet, '']) AS facet
    FROM questions q JOIN judged j ON j.about = 'question' AND j.local_date = q.local_date AND j.call_id = q.call_id
    UNION SELECT n.call_id, j.about, n.need, ''
    FROM needs n JOIN judged j ON j.about = 'need' AND j.local_date = n.local_date AND j.call_id = n.call_id
    UNION SELECT s.call_id, j.about, s.kind, ''
    FROM signals s JOIN judged j ON j.about = 'signal' AND j.local_date = s.local_date AND j.call_id = s.call_id
    UNION SELECT call_id, about, outcome, '' FROM judged WHERE about = 'outcome'
),
labels AS (
    SELECT 'question' AS about, topic AS tag, label FROM topics
    UNION ALL SELECT 'need', need, label FROM need_kinds
    UNION ALL SELECT 'signal', kind, label FROM signal_kinds
    UNION ALL SELECT 'outcome', outcome, label FROM outcome_kinds
),
facet_labels AS (
    SELECT t.topic, f.facet, any_value(f.label ORDER BY f.topic = '*') AS label
    FROM topics t JOIN facets f ON f.topic = t.topic OR f.topic = '*'
    GROUP BY ALL
)
SELECT
    r.review_id,
    r.call_id,
    c.local_date,
    c.week_start,
    r.about,
    CASE r.about WHEN 'question' THEN 'Vraag' WHEN 'need' THEN 'Behoefte' WHEN 'outcome' THEN 'Afloop' ELSE 'Signaal' END
        AS about_label,
    r.tag,
    r.facet,
    coalesce(l.label, r.tag) || coalesce(' - ' || coalesce(f.label, r.facet), '') AS tag_label,
    r.verdict,
    CASE r.verdict WHEN 'right' THEN 'klopt' WHEN 'wrong' THEN 'klopt niet' ELSE 'moet iets anders zijn' END
        AS verdict_label,
    r.should_be,
    r.should_be_facet,
    coalesce(o.label, r.should_be) || coalesce(' - ' || coalesce(fo.label, r.should_be_facet), '') AS should_be_label,
    r.role,
    r.decided_local,
    row_number() OVER (
        PARTITION BY r.call_id, r.about, r.tag, r.facet ORDER BY r.decided_at DESC, r.review_id DESC
    ) = 1 AS newest,
    k.call_id IS NOT NULL AS still_tagged
FROM reviews r
JOIN reviewed c USING (call_id)
LEFT JOIN carried k ON k.call_id = r.call_id AND k.about = r.about AND k.tag = r.tag AND k.facet = coalesce(r.facet, '')
LEFT JOIN labels l ON l.about = r.about AND l.tag = r.tag
LEFT JOIN labels o ON o.about = r.about AND o.tag = r.should_be
LEFT JOIN facet_labels f ON r.about = 'question' AND f.topic = r.tag AND f.facet = r.facet
LEFT JOIN facet_labels fo ON r.about = 'question' AND fo.topic = r.should_be AND fo.facet = r.should_be_facet;

COMMENT ON VIEW reviewed_tags IS 'Alle oordelen van het verbeteroverleg in gewone woorden, en of ze nog gelden.';
COMMENT ON COLUMN reviewed_tags.review_id IS 'Kenmerk van het oordeel.';
COMMENT ON COLUMN reviewed_tags.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN reviewed_tags.local_date IS 'Datum van het gesprek in Nederland.';
COMMENT ON COLUMN reviewed_tags.week_start IS 'Maandag van de week van het gesprek.';
COMMENT ON COLUMN reviewed_tags.about IS 'Waarover het oordeel gaat: question, need, outcome of signal.';
COMMENT ON COLUMN reviewed_tags.about_label IS 'Waarover het oordeel gaat, in gewone woorden.';
COMMENT ON COLUMN reviewed_tags.tag IS 'Vaste code van wat is beoordeeld.';
COMMENT ON COLUMN reviewed_tags.facet IS 'Vaste code van de specifieke vraag; leeg als het om het onderwerp als geheel gaat.';
COMMENT ON COLUMN reviewed_tags.tag_label IS 'Wat is beoordeeld, in gewone woorden.';
COMMENT ON COLUMN reviewed_tags.verdict IS 'Het oordeel: right, wrong of should-be.';
COMMENT ON COLUMN reviewed_tags.verdict_label IS 'Het oordeel in gewone woorden.';
COMMENT ON COLUMN reviewed_tags.should_be IS 'Wat het had moeten zijn, als vaste code.';
COMMENT ON COLUMN reviewed_tags.should_be_facet IS 'Specifieke vraag die het had moeten zijn, als vaste code.';
COMMENT ON COLUMN reviewed_tags.should_be_label IS 'Wat het had moeten zijn, in gewone woorden.';
COMMENT ON COLUMN reviewed_tags.role IS 'In welke rol het oordeel is gegeven.';
COMMENT ON COLUMN reviewed_tags.decided_local IS 'Wanneer het oordeel is gegeven, op de klok in Nederland.';
COMMENT ON COLUMN reviewed_tags.newest IS 'Of dit het laatste oordeel hierover is.';
COMMENT ON COLUMN reviewed_tags.still_tagged IS 'Of het model dit nu nog steeds van het gesprek zegt.';
