-- Small counts are hidden; when that is one need of a week, the smallest other one is hidden too.
SELECT
    iso_week, week_start, need, need_label,
    hide(calls, iso_week, need) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM needs_per_week
ORDER BY week_start, calls DESC NULLS LAST, need
