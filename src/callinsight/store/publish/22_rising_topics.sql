-- Hidden where the count of the week is hidden, and where the weeks before held fewer calls than k together.
WITH judged AS (
    SELECT r.*, coalesce(p.suppressed, false) OR r.expected * r.weeks_before < getvariable('k') AS hidden
    FROM rising_topics r
    LEFT JOIN published.topics_per_week p ON p.iso_week = r.iso_week AND p.topic = r.topic
)
SELECT
    iso_week, week_start, topic, topic_label,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls END AS calls,
    CASE WHEN NOT hidden THEN expected END AS expected,
    CASE WHEN NOT hidden THEN expected_low END AS expected_low,
    CASE WHEN NOT hidden THEN expected_high END AS expected_high,
    CASE WHEN NOT hidden THEN verdict END AS verdict,
    weeks_before
FROM judged
ORDER BY topic
