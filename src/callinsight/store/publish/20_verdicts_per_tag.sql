-- Hidden where few calls were judged, or where few of them are right or wrong but not none.
SELECT
    about, about_label, tag, facet, tag_label,
    is_small(verdicts_per_tag.calls) OR some_small([calls_right, calls_wrong]) AS suppressed,
    CASE WHEN NOT suppressed THEN verdicts_per_tag.calls END AS calls,
    CASE WHEN NOT suppressed THEN calls_right END AS calls_right,
    CASE WHEN NOT suppressed THEN calls_wrong END AS calls_wrong,
    CASE WHEN NOT suppressed THEN right_share END AS right_share
FROM verdicts_per_tag
ORDER BY about, tag, facet
