-- Weeks of the published candidates, small counts hidden.
SELECT
    candidate_id, iso_week, week_start,
    hide(calls, candidate_id, week_start) AS suppressed,
    CASE WHEN NOT suppressed THEN topic_candidates_per_week.calls END AS calls
FROM topic_candidates_per_week
WHERE candidate_id IN (SELECT candidate_id FROM published.topic_candidates)
ORDER BY candidate_id, week_start
