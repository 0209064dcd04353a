-- How often the model was right according to the improvement meeting, per tag.
-- Counts calls with a verdict that is the newest on that tag. The meeting looks at calls that were flagged or that
-- somebody doubted, so right_share is no measure of how good the model is on all calls.
CREATE VIEW verdicts_per_tag AS
SELECT
    about,
    about_label,
    tag,
    facet,
    tag_label,
    count(DISTINCT call_id) AS calls,
    count(DISTINCT call_id) FILTER (WHERE verdict = 'right') AS calls_right,
    calls - calls_right AS calls_wrong,
    round(calls_right / calls, 3) AS right_share
FROM reviewed_tags
WHERE newest
GROUP BY ALL;

COMMENT ON VIEW verdicts_per_tag IS 'Hoe vaak het model gelijk had volgens het verbeteroverleg, per onderwerp, behoefte, afloop of signaal.';
COMMENT ON COLUMN verdicts_per_tag.about IS 'Waarover het gaat: question, need, outcome of signal.';
COMMENT ON COLUMN verdicts_per_tag.about_label IS 'Waarover het gaat, in gewone woorden.';
COMMENT ON COLUMN verdicts_per_tag.tag IS 'Vaste code van wat is beoordeeld.';
COMMENT ON COLUMN verdicts_per_tag.facet IS 'Vaste code van de specifieke vraag; leeg als het om het geheel gaat.';
COMMENT ON COLUMN verdicts_per_tag.tag_label IS 'Wat is beoordeeld, in gewone woorden.';
COMMENT ON COLUMN verdicts_per_tag.calls IS 'Aantal beoordeelde gesprekken.';
COMMENT ON COLUMN verdicts_per_tag.calls_right IS 'Aantal gesprekken waarin het klopte.';
COMMENT ON COLUMN verdicts_per_tag.calls_wrong IS 'Aantal gesprekken waarin het niet klopte, of iets anders had moeten zijn.';
COMMENT ON COLUMN verdicts_per_tag.right_share IS 'Deel dat klopte, van 0 tot 1. Het overleg kiest gesprekken uit, dus dit zegt weinig over alle gesprekken.';
