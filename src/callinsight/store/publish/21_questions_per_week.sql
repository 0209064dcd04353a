-- Hidden as rules/10_judged_questions.sql says: small counts, and others from which they would follow. Of a topic that is
-- hidden itself, every question is hidden, or its count could be added up again.
SELECT
    q.iso_week, q.week_start, q.domain_label, q.topic, q.topic_label, q.facet, q.facet_label,
    p.suppressed OR j.hidden AS suppressed,
    CASE WHEN NOT (p.suppressed OR j.hidden) THEN q.calls END AS calls
FROM questions_per_week q
JOIN published.topics_per_week p ON p.week_start = q.week_start AND p.topic = q.topic
JOIN judged_questions j ON j.week_start = q.week_start AND j.topic = q.topic AND j.facet IS NOT DISTINCT FROM q.facet
ORDER BY q.week_start, calls DESC NULLS LAST, q.topic, q.facet
