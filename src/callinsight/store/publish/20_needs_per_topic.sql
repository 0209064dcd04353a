-- Small counts are hidden; when that is one need of a topic and month, the smallest other one is hidden too.
SELECT
    month_start, domain_label, topic, topic_label, need, need_label,
    hide(calls, CAST(month_start AS VARCHAR) || topic, need) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM needs_per_topic
ORDER BY month_start, topic, calls DESC NULLS LAST, need
