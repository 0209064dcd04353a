-- A month is hidden as a whole when one of its three counts is small but not zero, or would give the endings of one of its
-- weeks away. The share of a month with many calls stays, in whole percents, from which no count follows.
WITH judged AS (
    SELECT
        f.*,
        some_small([solved, not_solved, excluded]) OR month_hides(f.month_start) OR f.month_start IN (
            SELECT CAST(date_trunc('month', day) AS DATE)
            FROM judged_outcomes o, unnest([o.week_start, o.week_start + 6]) AS days(day) WHERE o.in_month OR o.exposed
        ) AS hidden
    FROM first_contact_per_month f
    WHERE is_over(f.month_start, INTERVAL 1 MONTH)
)
SELECT
    month_start,
    hidden AS suppressed,
    CASE WHEN NOT hidden THEN solved END AS solved,
    CASE WHEN NOT hidden THEN not_solved END AS not_solved,
    CASE WHEN NOT hidden THEN excluded END AS excluded,
    CASE WHEN NOT hidden THEN solved_share WHEN solved + not_solved >= 50 * k() THEN round(solved_share, 2) END AS solved_share
FROM judged
ORDER BY month_start
