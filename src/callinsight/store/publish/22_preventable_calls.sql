-- The same counts as in questions_per_week, hidden where they are hidden there.
SELECT
    v.iso_week, v.week_start, v.domain_label, v.topic, v.topic_label, v.facet, v.facet_label, v.section,
    q.suppressed, q.calls
FROM preventable_calls v
JOIN published.questions_per_week q ON q.week_start = v.week_start AND q.topic = v.topic AND q.facet = v.facet
ORDER BY v.week_start, calls DESC NULLS LAST, v.topic, v.facet
