-- Hidden where the count of the week is hidden, and where the weeks before held fewer calls than k together. What was
-- expected is the sum of the weeks before in other words, so it is left out too when one of them is hidden, and the
-- conclusion with it.
WITH judged AS (
    SELECT
        r.*,
        week_hides(r.week_start) OR coalesce(t.hidden, false) OR r.expected * r.weeks_before < k() AS hidden,
        r.topic IN (
            SELECT b.topic FROM judged_topics b
            WHERE b.hidden AND b.week_start >= r.week_start - 56 AND b.week_start < r.week_start
        ) OR EXISTS (
            FROM hidden_weeks h WHERE h.week_start >= r.week_start - 56 AND h.week_start < r.week_start
        ) AS gives_away
    FROM rising_topics r
    LEFT JOIN judged_topics t ON t.week_start = r.week_start AND t.topic = r.topic
    WHERE is_over(r.week_start, INTERVAL 7 DAY)
)
SELECT
    iso_week, week_start, topic, topic_label,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls END AS calls,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected END AS expected,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected_low END AS expected_low,
    CASE WHEN NOT hidden AND NOT gives_away THEN expected_high END AS expected_high,
    CASE WHEN NOT hidden THEN if(gives_away, 'niet te tonen', verdict) END AS verdict,
    weeks_before
FROM judged
ORDER BY topic
