-- Redacted turns of the published candidates. Only made when the settings ask for quotes.
SELECT candidate_id, example_no, call_id, iso_week, quote
FROM candidate_quotes
WHERE candidate_id IN (SELECT candidate_id FROM published.topic_candidates)
ORDER BY candidate_id, example_no
