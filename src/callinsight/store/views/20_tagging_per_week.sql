-- How sure the model was of the questions that it heard, per week; recognition_per_week tells of the words.
-- Counts calls. unknown_calls are those in which no topic was clear; unclear_questions counts questions whose topic is
-- known and whose specific question is not. mean_score is the model's own belief, not a measured error: callinsight eval
-- and verdicts_per_tag measure that. tag_versions tells by what the calls of the week were tagged.
CREATE VIEW tagging_per_week AS
WITH versions AS (
    SELECT
        week_start,
        string_agg(DISTINCT tag_version, ', ' ORDER BY tag_version) AS tag_versions,
        count(DISTINCT coalesce(tag_version, '')) > 1 AS mixed_versions
    FROM calls GROUP BY week_start
)
SELECT
    strftime(w.week_start, '%G-W%V') AS iso_week,
    w.week_start,
    w.calls,
    w.unknown_calls,
    round(w.unknown_calls / w.calls, 3) AS unknown_share,
    w.questions,
    w.unclear_questions,
    round(CAST(w.score AS DOUBLE) / nullif(w.questions, 0), 3) AS mean_score,
    coalesce(v.tag_versions, '') AS tag_versions,
    coalesce(v.mixed_versions, false) AS mixed_versions
FROM week_tagging w
LEFT JOIN versions v USING (week_start);

COMMENT ON VIEW tagging_per_week IS 'Hoe zeker het model was van de vragen die het hoorde, per week.';
COMMENT ON COLUMN tagging_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN tagging_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN tagging_per_week.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN tagging_per_week.unknown_calls IS 'Aantal gesprekken waarvan geen onderwerp duidelijk was.';
COMMENT ON COLUMN tagging_per_week.unknown_share IS 'Deel van de gesprekken waarvan geen onderwerp duidelijk was, van 0 tot 1.';
COMMENT ON COLUMN tagging_per_week.questions IS 'Aantal vragen met een bekend onderwerp.';
COMMENT ON COLUMN tagging_per_week.unclear_questions IS 'Aantal daarvan waarvan de specifieke vraag niet duidelijk was.';
COMMENT ON COLUMN tagging_per_week.mean_score IS 'Gemiddelde zekerheid van het model per vraag, van 0 tot 1; leeg als er geen vragen zijn.';
COMMENT ON COLUMN tagging_per_week.tag_versions IS 'Met welke versie van lijst, regels en model de gesprekken van deze week zijn gelabeld. Na de + staat die van de eigen lijst; een * erachter: zonder tekst, alleen meegegaan met wat later is samengevoegd of verborgen.';
COMMENT ON COLUMN tagging_per_week.mixed_versions IS 'Of dat meer dan één versie is. Vergelijk dan niet met andere weken, maar label eerst opnieuw (callinsight retag).';
