-- Small counts are hidden, and with them others of the month from which they would follow if the sum were known. An event
-- is made of pairs of topics: it hides where one of those does.
WITH told AS (
    SELECT DISTINCT p.month_start, a.event
    FROM judged_pairs p
    JOIN life_event_topics a ON a.topic = p.topic_a
    JOIN life_event_topics b ON b.topic = p.topic_b AND b.event = a.event
    WHERE p.hidden
),
events AS (
    SELECT e.*, t.event IS NOT NULL AS forced
    FROM life_events_per_month e
    LEFT JOIN told t ON t.month_start = e.month_start AND t.event = e.event
)
SELECT
    month_start, event, event_label,
    hide(events.calls, forced, month_start, event) AS suppressed,
    CASE WHEN NOT suppressed THEN events.calls END AS calls,
    CASE WHEN NOT suppressed THEN topics_per_call END AS topics_per_call
FROM events
WHERE is_over(month_start, INTERVAL 1 MONTH)
ORDER BY month_start, calls DESC NULLS LAST, event
