-- What speech recognition gave, per week.
-- Counts every processed call once. word_probability adds up the mean probability of each call times its words, as a
-- decimal number, so that the sum does not depend on the order of the rows.
SELECT
    CAST(date_trunc('week', local_date) AS DATE) AS week_start,
    count(*) AS calls,
    CAST(sum(words) AS BIGINT) AS words,
    CAST(sum(words * CAST(mean_word_probability AS DECIMAL(18, 9))) AS DECIMAL(38, 9)) AS word_probability,
    CAST(sum(loops_redecoded) AS BIGINT) AS loops_redecoded,
    CAST(sum(loops_dropped) AS BIGINT) AS loops_dropped,
    CAST(sum(phantoms_dropped) AS BIGINT) AS phantoms_dropped
FROM measures
WHERE local_date IN (SELECT local_date FROM days)
GROUP BY 1
