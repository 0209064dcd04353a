-- Counts are hidden when there were few calls before, or few but not none after, when the last week is not over, and when
-- they give hidden weeks away. The conclusion itself stays, since it is about the improvement and tells no number.
-- A sum of weeks tells nothing new of hidden ones when each of them can still be anything from low to high (rules/), with
-- the others making up for it: when the sum of the hidden ones lies at least the widest of these ranges from what they
-- are at their lowest, and from what they are at their highest. Two improvements that share a hidden week of a topic
-- could be taken from one another, so both hide.
WITH cells AS (
    SELECT topic, NULL AS facet, week_start, calls, hidden, low, high, exposed FROM judged_topics
    UNION ALL
    SELECT q.topic, q.facet, q.week_start, q.calls, q.hidden OR t.hidden, q.low, q.high, q.exposed OR t.exposed
    FROM judged_questions q
    JOIN judged_topics t ON t.week_start = q.week_start AND t.topic = q.topic
    WHERE q.facet IS NOT NULL
),
hiding AS (
    SELECT
        a.action_id, c.topic, c.week_start, c.calls,
        c.week_start < a.effective_on AS before,
        CASE
            WHEN week_hides(c.week_start) THEN if(is_small(c.calls), 1, k())  -- nothing else is told of that week
            WHEN c.exposed THEN c.calls
            ELSE c.low
        END AS low,
        CASE
            WHEN week_hides(c.week_start) THEN if(is_small(c.calls), k() - 1, 2 * k())
            WHEN c.exposed THEN c.calls
            ELSE c.high
        END AS high
    FROM action_effect a
    JOIN action_targets t USING (action_id)
    JOIN cells c ON c.topic = t.topic AND c.facet IS NOT DISTINCT FROM t.facet
    WHERE (c.hidden OR week_hides(c.week_start))
        AND c.week_start >= date_trunc('week', a.effective_on) - to_weeks(coalesce(a.weeks_before, 0))
        AND c.week_start <= coalesce(a.last_week, a.effective_on)
        AND NOT (c.week_start < a.effective_on AND c.week_start + 6 >= a.effective_on)  -- belongs to neither side
),
giving_away AS (
    SELECT action_id FROM hiding
    GROUP BY action_id, before
    HAVING min(high - low) + 1 < room()
        OR sum(calls) NOT BETWEEN sum(low) + max(high - low) AND sum(high) - max(high - low)
    UNION
    SELECT a.action_id FROM hiding a
    JOIN hiding b ON b.topic = a.topic AND b.week_start = a.week_start AND b.action_id <> a.action_id
),
judged AS (
    SELECT
        *,
        calls_before < k() OR some_small([calls_after]) OR NOT is_over(last_week, INTERVAL 7 DAY)
            OR action_id IN (SELECT action_id FROM giving_away) AS hidden
    FROM action_effect
)
SELECT
    action_id, title, kind, kind_label, owner, effective_on, questions, weeks_before, weeks_after, last_week,
    coalesce(hidden, true) AS suppressed,
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
