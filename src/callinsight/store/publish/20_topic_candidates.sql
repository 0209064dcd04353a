-- Candidates for new topics that nobody has decided on. One with fewer calls than k is left out as a whole, since its
-- terms would tell of few callers. The counts of its last week are hidden when that week hides (rules/
-- 30_judged_candidate_weeks.sql). What was expected is the sum of the weeks before in other words, so it is left out when
-- any week hides, and the conclusion with it.
WITH judged AS (
    SELECT
        c.*,
        candidate_id || last_week IN (
            SELECT candidate_id || week_start FROM judged_candidate_weeks WHERE hidden OR exposed OR NOT over
        ) AS hidden,
        candidate_id IN (SELECT candidate_id FROM judged_candidate_weeks WHERE hidden) AS gives_away
    FROM topic_candidates c
    WHERE verdict IS NULL AND calls >= k()
)
SELECT
    candidate_id, topic, terms, found_on, calls, last_week,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN last_calls END AS last_calls,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected END AS expected,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected_low END AS expected_low,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected_high END AS expected_high,
    CASE WHEN NOT hidden AND NOT gives_away THEN trend END AS trend
FROM judged
ORDER BY calls DESC, candidate_id
