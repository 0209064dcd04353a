-- Hidden where the count of the week is hidden. What was expected is the sum of the weeks before in other words, so it is
-- left out when one of them is hidden. The conclusion is then told where it is certain whatever the hidden counts are
-- (rules/40_certain_trends.sql).
WITH judged AS (
    SELECT
        r.*,
        week_hides(r.week_start) OR coalesce(t.hidden, false) AS hidden,
        r.topic IN (
            SELECT b.topic FROM judged_topics b
            WHERE b.hidden AND b.week_start >= r.week_start - 56 AND b.week_start < r.week_start
        ) AS gives_away,
        EXISTS (
            FROM hidden_weeks h WHERE h.week_start >= r.week_start - 56 AND h.week_start < r.week_start
        ) AS after_hidden_week,
        c.verdict AS certain
    FROM rising_topics r
    LEFT JOIN judged_topics t ON t.week_start = r.week_start AND t.topic = r.topic
    LEFT JOIN certain_trends c ON c.topic = r.topic
    WHERE is_over(r.week_start, INTERVAL 7 DAY)
),
told AS (
    SELECT
        *,
        NOT hidden AND (k() = 1 OR NOT gives_away AND NOT after_hidden_week) AS told,
        CASE
            WHEN hidden THEN NULL
            WHEN told OR weeks_before < 3 THEN verdict
            WHEN after_hidden_week THEN 'niet te tonen'
            ELSE coalesce(certain, 'niet te tonen')
        END AS conclusion
    FROM judged
)
SELECT
    iso_week, week_start, topic, topic_label,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls END AS calls,
    CASE WHEN told THEN expected END AS expected,
    CASE WHEN told THEN expected_low END AS expected_low,
    CASE WHEN told THEN expected_high END AS expected_high,
    conclusion AS verdict,
    weeks_before
FROM told
ORDER BY topic
