-- Small counts are hidden; when that is one hour of a week, the smallest other one is hidden too.
SELECT
    iso_week, week_start, local_date, weekday, local_hour, queue,
    hide(calls, iso_week, strftime(local_date, '%Y%m%d') || lpad(CAST(local_hour AS VARCHAR), 2, '0') || queue) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls,
    CASE WHEN NOT suppressed THEN minutes END AS minutes
FROM calls_per_hour
ORDER BY local_date, local_hour, queue
