-- A week is hidden as a whole when one of its counts is small but not zero, since they can be subtracted, and when the
-- same count is hidden in signals_per_week or outcomes_per_week.
WITH judged AS (
    SELECT
        p.*,
        some_small([promises, with_term, without_term, without_request, promises - without_request, callbacks, broken])
            OR week_hides(p.week_start)
            OR EXISTS (FROM judged_outcomes o
                WHERE o.week_start = p.week_start AND (o.hidden OR o.exposed) AND o.outcome = 'callback-request')
            OR EXISTS (FROM published.signals_per_week s
                WHERE s.week_start = p.week_start AND s.suppressed
                    AND s.kind IN ('promise-made', 'promise-without-date', 'broken-promise-callback')) AS hidden
    FROM promises_per_week p
    WHERE is_over(p.week_start, INTERVAL 7 DAY)
)
SELECT
    iso_week, week_start,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN promises END AS promises,
    CASE WHEN NOT hidden THEN with_term END AS with_term,
    CASE WHEN NOT hidden THEN without_term END AS without_term,
    CASE WHEN NOT hidden THEN without_request END AS without_request,
    CASE WHEN NOT hidden THEN callbacks END AS callbacks,
    CASE WHEN NOT hidden THEN broken END AS broken
FROM judged
ORDER BY week_start
