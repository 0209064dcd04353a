-- Calls per week, topic and specific question.
-- Counts a call once for each pair of topic and specific question that was heard in it; facet is empty when it was not clear.
SELECT
    CAST(date_trunc('week', local_date) AS DATE) AS week_start,
    topic,
    facet,
    count(DISTINCT call_id) AS calls
FROM questions
WHERE local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2, 3
