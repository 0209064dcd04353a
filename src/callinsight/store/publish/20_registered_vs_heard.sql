-- Small counts are hidden, and with them others of the topic that was heard, since whoever registers each call can add them
-- up to the calls on that topic; then others of the week. Where a topic or a week has none to hide them with, or hides
-- itself, its rows are left out.
WITH heard AS (
    SELECT
        r.*,
        registered_topic || ' ' || heard_topic || agrees AS tie,
        coalesce(t.hidden, false) AS topic_hides,
        hide(r.calls, false, r.week_start || heard_topic, registered_topic || agrees) AS hidden,
        exposed(r.calls, false, r.week_start || heard_topic) AS exposed
    FROM registered_vs_heard r
    LEFT JOIN judged_topics t ON t.week_start = r.week_start AND t.topic = r.heard_topic
),
judged AS (
    SELECT *, hide(calls, hidden, week_start, tie) AS hides, exposed(calls, hidden, week_start) AS week_exposed
    FROM heard
)
SELECT
    iso_week, week_start, registered_topic, registered_label, heard_topic, heard_label, agrees,
    hides AS suppressed,
    CASE WHEN NOT suppressed THEN judged.calls END AS calls
FROM judged
WHERE is_over(week_start, INTERVAL 7 DAY) AND NOT week_hides(week_start) AND NOT exposed AND NOT week_exposed
    AND NOT topic_hides
ORDER BY week_start, calls DESC NULLS LAST, registered_topic, heard_topic, agrees
