-- Hidden as rules/10_judged_questions.sql says: small counts, and others from which they would follow. Of a topic that is
-- hidden itself there are no rows: its count could be added up again, and how many small ones there are would tell how
-- high it can be at most.
SELECT
    q.iso_week, q.week_start, q.domain_label, q.topic, q.topic_label, q.facet, q.facet_label,
    j.hidden AS suppressed,
    CASE WHEN NOT j.hidden THEN q.calls END AS calls
FROM questions_per_week q
JOIN published.topics_per_week p ON p.week_start = q.week_start AND p.topic = q.topic AND NOT p.suppressed
JOIN judged_questions j ON j.week_start = q.week_start AND j.topic = q.topic AND j.facet IS NOT DISTINCT FROM q.facet
ORDER BY q.week_start, calls DESC NULLS LAST, q.topic, q.facet
