-- Small counts are hidden; when that is one question of a topic and week, the smallest other one is hidden too. Of a
-- topic that is hidden itself, every question is hidden, or its count could be added up again.
SELECT
    q.iso_week, q.week_start, q.domain_label, q.topic, q.topic_label, q.facet, q.facet_label,
    p.suppressed OR hide(q.calls, q.iso_week || q.topic, coalesce(q.facet, '')) AS suppressed,
    CASE WHEN NOT (p.suppressed OR hide(q.calls, q.iso_week || q.topic, coalesce(q.facet, ''))) THEN q.calls END AS calls
FROM main.questions_per_week q
JOIN published.topics_per_week p ON p.iso_week = q.iso_week AND p.topic = q.topic
ORDER BY q.week_start, calls DESC NULLS LAST, q.topic, q.facet
