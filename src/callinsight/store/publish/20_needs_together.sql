-- Small counts are hidden, and with them others of the month from which they would follow if the sum were known.
SELECT
    month_start, need_a, need_a_label, need_b, need_b_label,
    hide(calls, false, month_start, need_a || ' ' || need_b) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM needs_together
WHERE is_over(month_start, INTERVAL 1 MONTH)
ORDER BY month_start, calls DESC NULLS LAST, need_a, need_b
