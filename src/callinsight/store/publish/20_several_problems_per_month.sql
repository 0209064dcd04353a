-- A month is hidden as a whole when one of its counts is small but not zero, since they can be subtracted.
SELECT
    month_start,
    list_bool_or([count > 0 AND count < getvariable('k') FOR count IN
        [calls, two_topics, calls - two_topics, three_topics, two_topics - three_topics, two_domains, flagged]]) AS suppressed,
    CASE WHEN NOT suppressed THEN several_problems_per_month.calls END AS calls,
    CASE WHEN NOT suppressed THEN several_problems_per_month.two_topics END AS two_topics,
    CASE WHEN NOT suppressed THEN several_problems_per_month.three_topics END AS three_topics,
    CASE WHEN NOT suppressed THEN several_problems_per_month.two_domains END AS two_domains,
    CASE WHEN NOT suppressed THEN several_problems_per_month.flagged END AS flagged
FROM several_problems_per_month
ORDER BY month_start
