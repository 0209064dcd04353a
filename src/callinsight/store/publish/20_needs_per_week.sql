-- Hidden as rules/30_judged_needs.sql says: small counts, and others from which they would follow.
SELECT
    n.iso_week, n.week_start, n.need, n.need_label,
    j.hidden AS suppressed,
    CASE WHEN NOT suppressed THEN n.calls END AS calls
FROM needs_per_week n
JOIN judged_needs j ON j.week_start = n.week_start AND j.need = n.need
WHERE is_over(n.week_start, INTERVAL 7 DAY) AND NOT j.exposed AND NOT week_hides(n.week_start)
ORDER BY n.week_start, calls DESC NULLS LAST, n.need
