-- Small counts are hidden, and with them others of the week from which they would follow if the sum were known.
SELECT
    iso_week, week_start, need, need_label,
    hide(calls, false, week_start, need) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM needs_per_week
WHERE is_over(week_start, INTERVAL 7 DAY)
ORDER BY week_start, calls DESC NULLS LAST, need
