-- Counts are hidden when there were few calls before, or few but not none after, and when what the weeks show leaves a small
-- rest: then one hidden week could be worked out. The conclusion itself stays, since it is about the improvement and tells
-- no number.
WITH weeks AS (
    SELECT topic, NULL AS facet, week_start, calls FROM published.topics_per_week
    UNION ALL
    SELECT topic, facet, week_start, calls FROM published.questions_per_week WHERE facet IS NOT NULL
),
shown AS (
    SELECT
        a.action_id,
        sum(w.calls) FILTER (WHERE w.week_start < a.effective_on) AS before,
        sum(w.calls) FILTER (WHERE w.week_start >= a.effective_on) AS after
    FROM action_effect a
    JOIN action_targets t USING (action_id)
    JOIN weeks w ON w.topic = t.topic AND w.facet IS NOT DISTINCT FROM t.facet
    WHERE w.week_start >= date_trunc('week', a.effective_on) - to_weeks(coalesce(a.weeks_before, 0))
        AND w.week_start <= coalesce(a.last_week, a.effective_on)
        AND NOT (w.week_start < a.effective_on AND w.week_start + 6 >= a.effective_on)
    GROUP BY a.action_id
),
judged AS (
    SELECT
        a.*,
        a.calls_before < getvariable('k') OR list_bool_or([count > 0 AND count < getvariable('k') FOR count IN [
            a.calls_after, a.calls_before - coalesce(s.before, 0), a.calls_after - coalesce(s.after, 0)
        ]]) AS hidden
    FROM action_effect a LEFT JOIN shown s USING (action_id)
)
SELECT
    action_id, title, kind, kind_label, owner, effective_on, questions, weeks_before, weeks_after, last_week,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls_before END AS calls_before,
    CASE WHEN NOT hidden THEN calls_after END AS calls_after,
    CASE WHEN NOT hidden THEN expected END AS expected,
    CASE WHEN NOT hidden THEN expected_low END AS expected_low,
    CASE WHEN NOT hidden THEN expected_high END AS expected_high,
    CASE WHEN NOT hidden THEN prevented END AS prevented,
    CASE WHEN NOT hidden THEN prevented_low END AS prevented_low,
    CASE WHEN NOT hidden THEN prevented_high END AS prevented_high,
    verdict,
    CASE WHEN NOT hidden OR verdict = 'te vroeg om te zeggen' THEN explanation END AS explanation,
    compared_with, others
FROM judged
ORDER BY effective_on DESC, action_id
