-- Needs of a week. A need that always comes with certain topics is as many calls as they are: of topics that hide, it
-- hides with them. Nothing tells the sum of the needs, yet where every call has one need it is that of the calls: it
-- counts as known.
WITH behind AS (
    SELECT DISTINCT w.week_start, n.need, n.topic
    FROM needs_per_week w
    JOIN needs_per_topic n
        ON n.need = w.need AND n.month_start <= w.week_start + 6 AND n.month_start + INTERVAL 1 MONTH > w.week_start
),
told AS (
    SELECT b.week_start, b.need
    FROM behind b
    JOIN judged_topics t ON t.week_start = b.week_start AND t.topic = b.topic
    JOIN needs_per_week w ON w.week_start = b.week_start AND w.need = b.need
    GROUP BY b.week_start, b.need
    HAVING (sum(t.calls) = any_value(w.calls) AND bool_or(t.hidden)) OR bool_or(t.hidden AND t.calls = w.calls)
)
SELECT
    n.week_start, n.need, n.calls, t.need IS NOT NULL AS forced,
    hide(n.calls, t.need IS NOT NULL, n.week_start, n.need) AS hidden,
    exposed(n.calls, t.need IS NOT NULL, n.week_start) AS exposed
FROM needs_per_week n
LEFT JOIN told t ON t.week_start = n.week_start AND t.need = n.need
