-- Hidden as rules/20_judged_topics.sql says: small counts, and others from which they would follow. A week that hides as a
-- whole has no rows here: even how many there are would tell something.
SELECT
    t.iso_week, t.week_start, t.domain_label, t.topic, t.topic_label,
    j.hidden AS suppressed,
    CASE WHEN NOT suppressed THEN t.calls END AS calls
FROM topics_per_week t
JOIN judged_topics j ON j.week_start = t.week_start AND j.topic = t.topic
WHERE is_over(t.week_start, INTERVAL 7 DAY) AND NOT week_hides(t.week_start)
ORDER BY t.week_start, calls DESC NULLS LAST, t.topic
