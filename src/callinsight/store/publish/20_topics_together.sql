-- Hidden as rules/30_judged_pairs.sql says: small counts, and others from which they would follow.
SELECT
    t.month_start, t.topic_a, t.topic_a_label, t.topic_b, t.topic_b_label, t.across_domains,
    j.hidden AS suppressed,
    CASE WHEN NOT suppressed THEN t.calls END AS calls
FROM topics_together t
JOIN judged_pairs j ON j.month_start = t.month_start AND j.topic_a = t.topic_a AND j.topic_b = t.topic_b
WHERE is_over(t.month_start, INTERVAL 1 MONTH)
ORDER BY t.month_start, calls DESC NULLS LAST, t.topic_a, t.topic_b
