-- The registered topic beside the first topic that was heard, per week.
-- Counts calls that have a registered topic and a recognised question. agrees is also true when the registered topic was
-- heard as a later question of the same call.
WITH known AS (
    SELECT local_date, call_id, question_no, topic FROM questions
    WHERE local_date IN (SELECT local_date FROM days) AND topic <> 'unknown'
),
firsts AS (
    SELECT local_date, call_id, min(question_no) AS question_no FROM known GROUP BY 1, 2
),
registered AS (
    SELECT local_date, call_id, registered_topic FROM calls
    WHERE local_date IN (SELECT local_date FROM days) AND registered_topic IS NOT NULL
),
repeated AS (
    SELECT DISTINCT k.local_date, k.call_id
    FROM known k
    JOIN registered r ON r.local_date = k.local_date AND r.call_id = k.call_id AND r.registered_topic = k.topic
)
SELECT
    CAST(date_trunc('week', r.local_date) AS DATE) AS week_start,
    r.registered_topic,
    k.topic AS heard_topic,
    p.call_id IS NOT NULL AS agrees,
    count(*) AS calls
FROM registered r
JOIN firsts f ON f.local_date = r.local_date AND f.call_id = r.call_id
JOIN known k ON k.local_date = f.local_date AND k.call_id = f.call_id AND k.question_no = f.question_no
LEFT JOIN repeated p ON p.local_date = r.local_date AND p.call_id = r.call_id
GROUP BY 1, 2, 3, 4
