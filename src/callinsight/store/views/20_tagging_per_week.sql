-- How sure the model was of the questions that it heard, per week; recognition_per_week tells of the words.
-- Counts calls. unknown_calls are those in which no topic was clear; unclear_questions counts questions whose topic is
-- known and whose specific question is not. mean_score is the model's own belief, not a measured error: callinsight eval
-- and verdicts_per_tag measure that.
CREATE VIEW tagging_per_week AS
SELECT
    strftime(week_start, '%G-W%V') AS iso_week,
    week_start,
    calls,
    unknown_calls,
    round(unknown_calls / calls, 3) AS unknown_share,
    questions,
    unclear_questions,
    round(CAST(score AS DOUBLE) / nullif(questions, 0), 3) AS mean_score
FROM week_tagging;

COMMENT ON VIEW tagging_per_week IS 'Hoe zeker het model was van de vragen die het hoorde, per week.';
COMMENT ON COLUMN tagging_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN tagging_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN tagging_per_week.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN tagging_per_week.unknown_calls IS 'Aantal gesprekken waarvan geen onderwerp duidelijk was.';
COMMENT ON COLUMN tagging_per_week.unknown_share IS 'Deel van de gesprekken waarvan geen onderwerp duidelijk was, van 0 tot 1.';
COMMENT ON COLUMN tagging_per_week.questions IS 'Aantal vragen met een bekend onderwerp.';
COMMENT ON COLUMN tagging_per_week.unclear_questions IS 'Aantal daarvan waarvan de specifieke vraag niet duidelijk was.';
COMMENT ON COLUMN tagging_per_week.mean_score IS 'Gemiddelde zekerheid van het model per vraag, van 0 tot 1; leeg als er geen vragen zijn.';
