-- The clearest redacted turns of each candidate for a new topic.
-- A row is one turn of one call, at most three for a candidate; not a count. Turns whose words
-- are past their term are left out.
CREATE VIEW candidate_quotes AS
SELECT k.candidate_id, k.example_no, k.call_id, c.iso_week, t.start_ms, t.text AS quote
FROM topic_candidate_calls k
JOIN calls c USING (call_id)
JOIN turns t ON t.call_id = k.call_id AND t.turn_no = k.turn_no
WHERE k.example_no > 0 AND t.text <> '';

COMMENT ON VIEW candidate_quotes IS 'Gemaskeerde zinnen die een mogelijk nieuw onderwerp het duidelijkst laten zien.';
COMMENT ON COLUMN candidate_quotes.candidate_id IS 'De kandidaat; zie topic_candidates.';
COMMENT ON COLUMN candidate_quotes.example_no IS 'Volgorde, het duidelijkste voorbeeld eerst.';
COMMENT ON COLUMN candidate_quotes.call_id IS 'Het gesprek waar de zin uit komt.';
COMMENT ON COLUMN candidate_quotes.iso_week IS 'Week van het gesprek.';
COMMENT ON COLUMN candidate_quotes.start_ms IS 'Begin van de beurt in het gesprek, in milliseconden.';
COMMENT ON COLUMN candidate_quotes.quote IS 'De gemaskeerde zin.';
