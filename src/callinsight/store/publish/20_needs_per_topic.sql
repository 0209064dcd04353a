-- Small counts are hidden, and with them others of the topic and month from which they would follow if the sum were known.
SELECT
    month_start, domain_label, topic, topic_label, need, need_label,
    hide(calls, false, CAST(month_start AS VARCHAR) || topic, need) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM needs_per_topic
WHERE is_over(month_start, INTERVAL 1 MONTH)
ORDER BY month_start, topic, calls DESC NULLS LAST, need
