-- What the tagger made of the questions, per week.
-- Counts calls, those in which no topic was clear, questions with a known topic, and those of them without a specific
-- question. score adds up their scores as a decimal number, so that the sum does not depend on the order of the rows.
WITH asked AS (
    SELECT
        local_date,
        call_id,
        count(*) FILTER (WHERE topic <> 'unknown') AS known,
        count(*) FILTER (WHERE topic <> 'unknown' AND facet IS NULL) AS unclear,
        sum(CAST(score AS DECIMAL(18, 9))) FILTER (WHERE topic <> 'unknown') AS score
    FROM questions
    WHERE local_date IN (SELECT local_date FROM days)
    GROUP BY 1, 2
)
SELECT
    CAST(date_trunc('week', c.local_date) AS DATE) AS week_start,
    count(*) AS calls,
    count(*) FILTER (WHERE coalesce(a.known, 0) = 0) AS unknown_calls,
    CAST(coalesce(sum(a.known), 0) AS BIGINT) AS questions,
    CAST(coalesce(sum(a.unclear), 0) AS BIGINT) AS unclear_questions,
    CAST(sum(a.score) AS DECIMAL(38, 9)) AS score
FROM calls c
LEFT JOIN asked a ON a.local_date = c.local_date AND a.call_id = c.call_id
WHERE c.local_date IN (SELECT local_date FROM days)
GROUP BY 1
