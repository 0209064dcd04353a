-- A week with few calls is hidden, and one whose number of calls would give small counts away.
SELECT
    iso_week, week_start,
    week_hides(week_start) AS suppressed,
    CASE WHEN NOT suppressed THEN recognition_per_week.calls END AS calls,
    CASE WHEN NOT suppressed THEN words END AS words,
    CASE WHEN NOT suppressed THEN mean_word_probability END AS mean_word_probability,
    CASE WHEN NOT suppressed THEN loops_redecoded END AS loops_redecoded,
    CASE WHEN NOT suppressed THEN loops_dropped END AS loops_dropped,
    CASE WHEN NOT suppressed THEN phantoms_dropped END AS phantoms_dropped
FROM recognition_per_week
WHERE is_over(week_start, INTERVAL 7 DAY)
ORDER BY week_start
