-- Small counts are hidden, and with them others of the month from which they would follow if the sum were known. Two
-- needs that always come with two topics are as many calls as they are: where those hide, such a count hides with them.
WITH told AS (
    SELECT
        *,
        EXISTS (
            SELECT 1 FROM judged_pairs p WHERE p.month_start = n.month_start AND p.hidden AND p.calls = n.calls
        ) AS forced
    FROM needs_together n
)
SELECT
    month_start, need_a, need_a_label, need_b, need_b_label,
    hide(told.calls, forced, month_start, need_a || ' ' || need_b) AS suppressed,
    CASE WHEN NOT suppressed THEN told.calls END AS calls
FROM told
WHERE is_over(month_start, INTERVAL 1 MONTH)
ORDER BY month_start, calls DESC NULLS LAST, need_a, need_b
