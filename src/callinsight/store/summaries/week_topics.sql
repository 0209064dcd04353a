-- Calls per week and topic.
-- Counts a call once for every topic heard in it, whatever the specific question.
SELECT
    CAST(date_trunc('week', local_date) AS DATE) AS week_start,
    topic,
    count(DISTINCT call_id) AS calls
FROM questions
WHERE local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2
