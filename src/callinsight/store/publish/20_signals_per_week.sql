-- Small counts are hidden, and with them others of the week from which they would follow if the sum were known.
SELECT
    s.iso_week, s.week_start, s.kind, s.kind_label,
    j.hidden AS suppressed,
    CASE WHEN NOT suppressed THEN s.calls END AS calls
FROM signals_per_week s
JOIN judged_signals j ON j.week_start = s.week_start AND j.kind = s.kind
WHERE is_over(s.week_start, INTERVAL 7 DAY)
ORDER BY s.week_start, calls DESC NULLS LAST, s.kind
