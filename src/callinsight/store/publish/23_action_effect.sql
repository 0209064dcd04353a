-- Counts are hidden when there were few calls before, or few but not none after, when the last week is not over, and when
-- they give hidden weeks away. A sum of weeks tells nothing new of hidden ones when each of them can still be anything from
-- low to high (rules/), with the others making up for it: when the sum of the hidden ones lies at least the widest of these
-- ranges from what they are at their lowest, and from what they are at their highest. It has to be sure which weeks were
-- added up: all of those with calls. Two improvements that share a hidden week of a topic could be taken from one another,
-- so both hide. An improvement for several topics counts a call about two of them once, so hidden pairs of its topics hide
-- it as well.
-- What was expected, and with it the conclusion, follows from how the calls lie over the weeks, so it is told only when no
-- week is hidden at all. That too few weeks have passed follows from the dates, so it is always told.
WITH cells AS (
    SELECT topic, NULL AS facet, week_start, calls, hidden, low, high, exposed FROM judged_topics
    UNION ALL
    SELECT q.topic, q.facet, q.week_start, q.calls, q.hidden OR t.hidden, q.low, q.high, q.exposed OR t.exposed
    FROM judged_questions q
    JOIN judged_topics t ON t.week_start = q.week_start AND t.topic = q.topic
    WHERE q.facet IS NOT NULL
),
sides AS (
    SELECT
        a.action_id, w.week_start,
        w.week_start < a.effective_on AS before,
        count(*) OVER (PARTITION BY a.action_id, w.week_start < a.effective_on)
            <> if(w.week_start < a.effective_on, a.weeks_before, a.weeks_after) AS unsure
    FROM action_effect a
    JOIN week_calls w ON w.week_start <= coalesce(a.last_week, a.effective_on)
        AND w.week_start >= CAST(date_trunc('week', a.effective_on) AS DATE) - 7 * 27  -- MAX_WEEKS of core/effects.py and one
        AND NOT (w.week_start < a.effective_on AND w.week_start + 6 >= a.effective_on)  -- belongs to neither side
),
hiding AS (
    SELECT s.*, c.topic, c.calls, if(c.exposed, c.calls, c.low) AS low, if(c.exposed, c.calls, c.high) AS high
    FROM sides s
    JOIN action_targets t ON t.action_id = s.action_id
    JOIN cells c ON c.topic = t.topic AND c.facet IS NOT DISTINCT FROM t.facet AND c.week_start = s.week_start
    WHERE c.hidden
),
giving_away AS (
    SELECT action_id FROM hiding
    GROUP BY action_id, before
    HAVING bool_or(unsure) OR min(high - low) + 1 < room()
        OR sum(calls) NOT BETWEEN sum(low) + max(high - low) AND sum(high) - max(high - low)
    UNION
    SELECT a.action_id FROM hiding a
    JOIN hiding b ON b.topic = a.topic AND b.week_start = a.week_start AND b.action_id <> a.action_id
    UNION
    SELECT s.action_id FROM sides s JOIN hidden_weeks w ON w.week_start = s.week_start
    UNION
    SELECT s.action_id
    FROM sides s
    JOIN action_targets t ON t.action_id = s.action_id
    JOIN action_targets u ON u.action_id = s.action_id
    JOIN judged_pairs p ON p.topic_a = t.topic AND p.topic_b = u.topic
    WHERE p.hidden AND p.month_start BETWEEN date_trunc('month', s.week_start) AND s.week_start + 6
),
judged AS (
    SELECT
        *,
        k() > 1 AND (
            calls_before IS NULL OR last_week IS NULL OR calls_before < k() OR some_small([calls_after])
            OR NOT is_over(last_week, INTERVAL 7 DAY) OR action_id IN (SELECT action_id FROM giving_away)
        ) AS hidden,
        action_id IN (SELECT action_id FROM hiding) AS in_part
    FROM action_effect
),
dated AS (
    SELECT
        *,
        NOT hidden AND NOT in_part AS told,
        coalesce(weeks_before < 4 OR weeks_after < 3, true) AS early  -- MIN_BEFORE and MIN_AFTER
    FROM judged
)
SELECT
    action_id, title, kind, kind_label, owner, effective_on, questions, weeks_before, weeks_after, last_week,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls_before END AS calls_before,
    CASE WHEN NOT hidden THEN calls_after END AS calls_after,
    CASE WHEN told THEN expected END AS expected,
    CASE WHEN told THEN expected_low END AS expected_low,
    CASE WHEN told THEN expected_high END AS expected_high,
    CASE WHEN told THEN prevented END AS prevented,
    CASE WHEN told THEN prevented_low END AS prevented_low,
    CASE WHEN told THEN prevented_high END AS prevented_high,
    CASE WHEN told OR early THEN verdict ELSE 'niet te tonen' END AS verdict,
    CASE
        WHEN told OR early THEN explanation
        WHEN NOT hidden THEN format('In {} weken {} gesprekken, in de {} weken ervoor {}. Of dat verschil iets zegt is niet te tonen: '
            'er zijn weken met kleine aantallen bij.', weeks_after, calls_after, weeks_before, calls_before)
        ELSE 'Niet te tonen: er zijn kleine aantallen bij, of de laatste week is nog niet om.'
    END AS explanation,
    CASE WHEN told THEN compared_with END AS compared_with,
    others
FROM dated
ORDER BY effective_on DESC, action_id
