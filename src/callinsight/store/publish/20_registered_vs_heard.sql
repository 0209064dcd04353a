-- Small counts are hidden; when that is one pair of a week, the smallest other one is hidden too.
SELECT
    iso_week, week_start, registered_topic, registered_label, heard_topic, heard_label, agrees,
    hide(calls, iso_week, registered_topic || heard_topic || agrees) AS suppressed,
    CASE WHEN NOT suppressed THEN calls END AS calls
FROM registered_vs_heard
ORDER BY week_start, calls DESC NULLS LAST, registered_topic, heard_topic, agrees
