-- Small counts are hidden; when that is one pair of a month, the smallest other one is hidden too.
SELECT
    month_start, need_a, need_a_label, need_b, need_b_label,
    hide(calls, month_start, need_a || need_b) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM needs_together
ORDER BY month_start, calls DESC NULLS LAST, need_a, need_b
