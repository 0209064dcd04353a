-- Weeks of the published candidates, as rules/30_judged_candidate_weeks.sql hides them. A candidate whose number of
-- calls would give a small week away has no weeks here.
SELECT
    t.candidate_id, t.iso_week, t.week_start,
    j.hidden AS suppressed,
    CASE WHEN NOT j.hidden THEN t.calls END AS calls
FROM topic_candidates_per_week t
JOIN judged_candidate_weeks j ON j.candidate_id = t.candidate_id AND j.week_start = t.week_start
WHERE j.over AND NOT j.exposed AND t.candidate_id IN (SELECT candidate_id FROM published.topic_candidates)
ORDER BY t.candidate_id, t.week_start
