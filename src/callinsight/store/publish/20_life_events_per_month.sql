-- Small counts are hidden, and with them others of the month from which they would follow if the sum were known.
SELECT
    month_start, event, event_label,
    hide(calls, false, month_start, event) AS suppressed,
    CASE WHEN NOT suppressed THEN life_events_per_month.calls END AS calls,
    CASE WHEN NOT suppressed THEN topics_per_call END AS topics_per_call
FROM life_events_per_month
WHERE is_over(month_start, INTERVAL 1 MONTH)
ORDER BY month_start, calls DESC NULLS LAST, event
