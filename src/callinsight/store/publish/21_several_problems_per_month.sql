-- A month is hidden as a whole when one of its counts is small but not zero, since they can be subtracted, when its sums
-- would give pairs of topics away, and when a week of it hides how often the same signal was heard.
WITH judged AS (
    SELECT
        s.*,
        some_small([calls, two_topics, calls - two_topics, three_topics, two_topics - three_topics, two_domains, flagged])
            OR month_hides(s.month_start)
            OR s.month_start IN (SELECT month_start FROM judged_pairs WHERE exposed)
            OR s.month_start IN (
                SELECT CAST(date_trunc('month', day) AS DATE)
                FROM judged_signals g, unnest([g.week_start, g.week_start + 6]) AS days(day)
                WHERE g.hidden AND g.kind = 'multi-problem'
            ) AS hidden
    FROM several_problems_per_month s
    WHERE is_over(s.month_start, INTERVAL 1 MONTH)
)
SELECT
    month_start,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN calls END AS calls,
    CASE WHEN NOT hidden THEN two_topics END AS two_topics,
    CASE WHEN NOT hidden THEN three_topics END AS three_topics,
    CASE WHEN NOT hidden THEN two_domains END AS two_domains,
    CASE WHEN NOT hidden THEN flagged END AS flagged
FROM judged
ORDER BY month_start
