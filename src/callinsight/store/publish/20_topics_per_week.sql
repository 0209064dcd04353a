-- Small counts are hidden; when that is one topic of a week, the smallest other one is hidden too.
SELECT
    iso_week, week_start, domain_label, topic, topic_label,
    hide(calls, iso_week, topic) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM topics_per_week
ORDER BY week_start, calls DESC NULLS LAST, topic
