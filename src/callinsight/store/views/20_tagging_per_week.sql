-- How sure the model was of the questions that it heard, per week; recognition_per_week tells of the words.
-- Counts calls. unknown_calls are those in which no topic was clear; unclear_questions counts questions whose topic is
-- known and whose specific question is not. mean_score is the model's own belief, not a measured error: callinsight eval
-- and verdicts_per_tag measure that. tag_versions tells by what the calls of the week were tagged.
CREATE VIEW tagging_per_week AS
WITH asked AS (
    SELECT
        call_id,
        count(*) FILTER (WHERE topic <> 'unknown') AS known,
        count(*) FILTER (WHERE topic <> 'unknown' AND facet IS NULL) AS unclear,
        sum(score) FILTER (WHERE topic <> 'unknown') AS score
    FROM questions GROUP BY call_id
)
SELECT
    c.iso_week,
    c.week_start,
    count(*) AS calls,
    count(*) FILTER (WHERE coalesce(a.known, 0) = 0) AS unknown_calls,
    round(unknown_calls / count(*), 3) AS unknown_share,
    CAST(coalesce(sum(a.known), 0) AS BIGINT) AS questions,
    CAST(coalesce(sum(a.unclear), 0) AS BIGINT) AS unclear_questions,
    round(sum(a.score) / nullif(sum(a.known), 0), 3) AS mean_score,
    coalesce(string_agg(DISTINCT c.tag_version, ', ' ORDER BY c.tag_version), '') AS tag_versions,
    count(DISTINCT coalesce(c.tag_version, '')) > 1 AS mixed_versions
FROM calls c
LEFT JOIN asked a USING (call_id)
GROUP BY ALL;

COMMENT ON VIEW tagging_per_week IS 'Hoe zeker het model was van de vragen die het hoorde, per week.';
COMMENT ON COLUMN tagging_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN tagging_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN tagging_per_week.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN tagging_per_week.unknown_calls IS 'Aantal gesprekken waarvan geen onderwerp duidelijk was.';
COMMENT ON COLUMN tagging_per_week.unknown_share IS 'Deel van de gesprekken waarvan geen onderwerp duidelijk was, van 0 tot 1.';
COMMENT ON COLUMN tagging_per_week.questions IS 'Aantal vragen met een bekend onderwerp.';
COMMENT ON COLUMN tagging_per_week.unclear_questions IS 'Aantal daarvan waarvan de specifieke vraag niet duidelijk was.';
COMMENT ON COLUMN tagging_per_week.mean_score IS 'Gemiddelde zekerheid van het model per vraag, van 0 tot 1; leeg als er geen vragen zijn.';
COMMENT ON COLUMN tagging_per_week.tag_versions IS 'Met welke versie van lijst, regels en model de gesprekken van deze week zijn gelabeld.';
COMMENT ON COLUMN tagging_per_week.mixed_versions IS 'Of dat meer dan één versie is. Vergelijk dan niet met andere weken, maar label eerst opnieuw (callinsight retag).';
