-- Calls per week of each candidate for a new topic.
-- Counts calls that the last search put with the candidate. A week without such calls has no row.
CREATE VIEW topic_candidates_per_week AS
SELECT k.candidate_id, c.iso_week, c.week_start, count(DISTINCT k.call_id) AS calls
FROM topic_candidate_calls k
JOIN calls c USING (call_id)
GROUP BY ALL;

COMMENT ON VIEW topic_candidates_per_week IS 'Aantal gesprekken per week van elk mogelijk nieuw onderwerp.';
COMMENT ON COLUMN topic_candidates_per_week.candidate_id IS 'De kandidaat; zie topic_candidates.';
COMMENT ON COLUMN topic_candidates_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN topic_candidates_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN topic_candidates_per_week.calls IS 'Aantal gesprekken.';
