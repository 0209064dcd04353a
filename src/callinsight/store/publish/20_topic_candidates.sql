-- Candidates for new topics that nobody has decided on. One with fewer calls than k is left out as a whole, since its
-- terms would tell of few callers; the counts of its last week are hidden when they are small.
SELECT
    candidate_id, topic, terms, found_on, calls, last_week,
    last_calls < getvariable('k') OR coalesce(expected, 0) * 8 < getvariable('k') AS suppressed,
    CASE WHEN NOT suppressed THEN last_calls END AS last_calls,
    CASE WHEN NOT suppressed THEN expected END AS expected,
    CASE WHEN NOT suppressed THEN expected_low END AS expected_low,
    CASE WHEN NOT suppressed THEN expected_high END AS expected_high,
    CASE WHEN NOT suppressed THEN trend END AS trend
FROM topic_candidates
WHERE verdict IS NULL AND calls >= getvariable('k')
ORDER BY calls DESC, candidate_id
