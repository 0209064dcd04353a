-- Small counts are hidden; when that is one life event of a month, the smallest other one is hidden too.
SELECT
    month_start, event, event_label,
    hide(calls, month_start, event) AS suppressed,
    CASE WHEN NOT suppressed THEN life_events_per_month.calls END AS calls,
    CASE WHEN NOT suppressed THEN topics_per_call END AS topics_per_call
FROM life_events_per_month
ORDER BY month_start, calls DESC NULLS LAST, event
