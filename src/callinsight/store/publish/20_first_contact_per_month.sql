-- A month is hidden as a whole when one of its three counts is small but not zero.
SELECT
    month_start,
    list_bool_or([count > 0 AND count < getvariable('k') FOR count IN [solved, not_solved, excluded]]) AS suppressed,
    CASE WHEN NOT suppressed THEN solved END AS solved,
    CASE WHEN NOT suppressed THEN not_solved END AS not_solved,
    CASE WHEN NOT suppressed THEN excluded END AS excluded,
    CASE WHEN NOT suppressed THEN solved_share END AS solved_share
FROM first_contact_per_month
ORDER BY month_start
