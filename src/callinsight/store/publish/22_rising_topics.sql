-- Hidden where the count of the week is hidden, and where the weeks before held fewer calls than k together. What was
-- expected is the sum of the weeks before in other words, so it is left out too when one of them is hidden; the
-- conclusion stays.
WITH judged AS (
    SELECT
        r.*,
        coalesce(p.suppressed, false) OR week_hides(r.week_start) OR r.expected * r.weeks_before < k() AS hidden,
        r.topic IN (
            SELECT b.topic FROM judged_topics b
            JOIN compared_weeks w ON w.week_start = b.week_start AND NOT w.is_last
            WHERE b.hidden OR week_hides(b.week_start)
        ) AS gives_away
    FROM rising_topics r
    LEFT JOIN published.topics_per_week p ON p.week_start = r.week_start AND p.topic = r.topic
    WHERE is_over(r.week_start, INTERVAL 7 DAY)
)
SELECT
    iso_week, week_start, topic, topic_label,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls END AS calls,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected END AS expected,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected_low END AS expected_low,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected_high END AS expected_high,
    CASE WHEN NOT hidden THEN verdict END AS verdict,
    weeks_before
FROM judged
ORDER BY topic
