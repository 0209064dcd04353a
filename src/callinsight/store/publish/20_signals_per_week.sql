-- Small counts are hidden; when that is one signal of a week, the smallest other one is hidden too.
SELECT
    iso_week, week_start, kind, kind_label,
    hide(calls, iso_week, kind) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM signals_per_week
ORDER BY week_start, calls DESC NULLS LAST, kind
