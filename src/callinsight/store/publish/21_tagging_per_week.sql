-- A week is hidden as a whole when one of its counts is small but not zero, since they can be subtracted, and when
-- topics_per_week hides the calls without a clear topic. How many questions there were is left out: the sum of all
-- questions would give hidden ones away.
WITH judged AS (
    SELECT
        t.*,
        some_small([calls, unknown_calls, calls - unknown_calls]) OR week_hides(t.week_start)
            OR EXISTS (FROM published.topics_per_week p
                WHERE p.week_start = t.week_start AND p.suppressed AND p.topic = 'unknown') AS hidden
    FROM tagging_per_week t
    WHERE is_over(t.week_start, INTERVAL 7 DAY)
)
SELECT
    iso_week, week_start,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls END AS calls,
    CASE WHEN NOT hidden THEN unknown_calls END AS unknown_calls,
    CASE WHEN NOT hidden THEN unknown_share END AS unknown_share,
    CASE WHEN NOT hidden THEN mean_score END AS mean_score,
    tag_versions, mixed_versions
FROM judged
ORDER BY week_start
