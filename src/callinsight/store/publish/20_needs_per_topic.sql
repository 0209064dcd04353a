-- Hidden as rules/35_judged_topic_needs.sql says: small counts, and others from which they would follow.
SELECT
    n.month_start, n.domain_label, n.topic, n.topic_label, n.need, n.need_label,
    j.hidden AS suppressed,
    CASE WHEN NOT suppressed THEN n.calls END AS calls
FROM needs_per_topic n
JOIN judged_topic_needs j ON j.month_start = n.month_start AND j.topic = n.topic AND j.need = n.need
WHERE is_over(n.month_start, INTERVAL 1 MONTH)
ORDER BY n.month_start, n.topic, calls DESC NULLS LAST, n.need
