-- Calls per week that an improvement is about.
-- Counts a call once for an improvement when any of the questions that it should reduce was heard in it. Follows from
-- action_targets too: made anew as a whole when those change.
SELECT
    CAST(date_trunc('week', q.local_date) AS DATE) AS week_start,
    t.action_id,
    count(DISTINCT q.call_id) AS calls
FROM questions q
JOIN action_targets t ON t.topic = q.topic AND (t.facet IS NULL OR t.facet = q.facet)
WHERE q.local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2
