-- Calls per month, topic and need.
-- Counts a call once for every pair of a topic and a need that was heard with a question on it.
SELECT
    CAST(date_trunc('month', n.local_date) AS DATE) AS month_start,
    q.topic,
    n.need,
    count(DISTINCT n.call_id) AS calls
FROM needs n
JOIN questions q ON q.local_date = n.local_date AND q.call_id = n.call_id AND q.question_no = n.question_no
WHERE n.local_date IN (SELECT local_date FROM days) AND q.local_date IN (SELECT local_date FROM days)
GROUP BY 1, 2, 3
