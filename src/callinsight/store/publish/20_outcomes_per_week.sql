-- Small counts are hidden; when that is one outcome of a week, the smallest other one is hidden too.
SELECT
    iso_week, week_start, outcome, outcome_label, first_contact,
    hide(calls, iso_week, outcome) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM outcomes_per_week
ORDER BY week_start, calls DESC NULLS LAST, outcome
