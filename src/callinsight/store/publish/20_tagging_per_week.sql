-- A week is hidden as a whole when one of its counts is small but not zero, since they can be subtracted.
SELECT
    iso_week, week_start,
    list_bool_or([count > 0 AND count < getvariable('k') FOR count IN
        [calls, unknown_calls, calls - unknown_calls]]) AS suppressed,
    CASE WHEN NOT suppressed THEN tagging_per_week.calls END AS calls,
    CASE WHEN NOT suppressed THEN tagging_per_week.unknown_calls END AS unknown_calls,
    CASE WHEN NOT suppressed THEN unknown_share END AS unknown_share,
    CASE WHEN NOT suppressed THEN tagging_per_week.questions END AS questions,
    CASE WHEN NOT suppressed THEN unclear_questions END AS unclear_questions,
    CASE WHEN NOT suppressed THEN mean_score END AS mean_score,
    tag_versions, mixed_versions
FROM tagging_per_week
ORDER BY week_start
