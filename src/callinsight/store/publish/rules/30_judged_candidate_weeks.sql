-- Weeks of a candidate for a new topic; its number of calls, their sum, is known.
SELECT
    candidate_id, week_start, calls,
    is_over(week_start, INTERVAL 7 DAY) AS over,
    hide(calls, false, candidate_id, week_start) AS hidden,
    exposed(calls, false, candidate_id) AS exposed
FROM topic_candidates_per_week
