-- Small counts are hidden; when that is one question of a topic and week, the smallest other one is hidden too. Of a
-- topic that is hidden itself, every question is hidden, or its count could be added up again.
WITH judged AS (
    SELECT q.*, p.suppressed OR hide(q.calls, q.iso_week || q.topic, coalesce(q.facet, '')) AS hidden
    FROM questions_per_week q
    JOIN published.topics_per_week p ON p.iso_week = q.iso_week AND p.topic = q.topic
)
SELECT
    iso_week, week_start, domain_label, topic, topic_label, facet, facet_label,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls END AS calls
FROM judged
ORDER BY week_start, calls DESC NULLS LAST, topic, facet
