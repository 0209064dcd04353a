-- Hidden where the count of the week is hidden, and where the weeks before held fewer calls than k together.
SELECT
    r.iso_week, r.week_start, r.topic, r.topic_label,
    coalesce(p.suppressed, false) OR r.expected * r.weeks_before < getvariable('k') AS suppressed,
    CASE WHEN NOT suppressed THEN r.calls END AS calls,
    CASE WHEN NOT suppressed THEN r.expected END AS expected,
    CASE WHEN NOT suppressed THEN r.expected_low END AS expected_low,
    CASE WHEN NOT suppressed THEN r.expected_high END AS expected_high,
    CASE WHEN NOT suppressed THEN r.verdict END AS verdict,
    r.weeks_before
FROM main.rising_topics r
LEFT JOIN published.topics_per_week p ON p.iso_week = r.iso_week AND p.topic = r.topic
ORDER BY r.topic
