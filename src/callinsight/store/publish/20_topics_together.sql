-- Small counts are hidden; when that is one pair of a month, the smallest other one is hidden too.
SELECT
    month_start, topic_a, topic_a_label, topic_b, topic_b_label, across_domains,
    hide(calls, month_start, topic_a || ' ' || topic_b) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM topics_together
ORDER BY month_start, calls DESC NULLS LAST, topic_a, topic_b
