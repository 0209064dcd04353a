-- Small counts are hidden, and with them others of the week from which they would follow if the sum were known.
SELECT
    iso_week, week_start, registered_topic, registered_label, heard_topic, heard_label, agrees,
    hide(calls, false, week_start, registered_topic || ' ' || heard_topic || agrees) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM registered_vs_heard
WHERE is_over(week_start, INTERVAL 7 DAY) AND NOT week_hides(week_start)
ORDER BY week_start, calls DESC NULLS LAST, registered_topic, heard_topic, agrees
