-- A week is hidden as a whole when one of its counts is small but not zero, since they can be subtracted.
SELECT
    iso_week, week_start,
    list_bool_or([count > 0 AND count < getvariable('k') FOR count IN
        [promises, with_term, without_term, without_request, promises - without_request, callbacks, broken]]) AS suppressed,
    CASE WHEN NOT suppressed THEN promises_per_week.promises END AS promises,
    CASE WHEN NOT suppressed THEN promises_per_week.with_term END AS with_term,
    CASE WHEN NOT suppressed THEN promises_per_week.without_term END AS without_term,
    CASE WHEN NOT suppressed THEN promises_per_week.without_request END AS without_request,
    CASE WHEN NOT suppressed THEN promises_per_week.callbacks END AS callbacks,
    CASE WHEN NOT suppressed THEN promises_per_week.broken END AS broken
FROM promises_per_week
ORDER BY week_start
