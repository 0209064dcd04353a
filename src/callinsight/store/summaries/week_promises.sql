-- Promises and call-back requests, per week.
-- Counts calls; a week in which nobody promised, asked for or missed a call-back has no row.
WITH heard AS (
    SELECT
        local_date,
        call_id,
        max(CASE WHEN kind IN ('promise-made', 'promise-without-date') THEN 1 ELSE 0 END) AS promised,
        max(CASE WHEN kind = 'promise-without-date' THEN 1 ELSE 0 END) AS termless,
        max(CASE WHEN kind = 'broken-promise-callback' THEN 1 ELSE 0 END) AS broken
    FROM signals
    WHERE local_date IN (SELECT local_date FROM days)
        AND kind IN ('promise-made', 'promise-without-date', 'broken-promise-callback')
    GROUP BY 1, 2
)
SELECT
    CAST(date_trunc('week', c.local_date) AS DATE) AS week_start,
    count(*) FILTER (WHERE h.promised = 1) AS promises,
    count(*) FILTER (WHERE h.promised = 1 AND h.termless = 0) AS with_term,
    count(*) FILTER (WHERE h.termless = 1) AS without_term,
    count(*) FILTER (WHERE h.promised = 1 AND c.outcome <> 'callback-request') AS without_request,
    count(*) FILTER (WHERE c.outcome = 'callback-request') AS callbacks,
    count(*) FILTER (WHERE h.broken = 1) AS broken
FROM calls c
LEFT JOIN heard h ON h.local_date = c.local_date AND h.call_id = c.call_id
WHERE c.local_date IN (SELECT local_date FROM days)
    AND (c.outcome = 'callback-request' OR h.promised = 1 OR h.broken = 1)
GROUP BY 1
