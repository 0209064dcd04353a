-- Hidden as rules/20_judged_hours.sql says: small counts, and others from which they would follow. A week that hides as a
-- whole has no rows here, nor one whose number of calls would give its hours away: even how many rows there are would tell
-- something.
SELECT
    h.iso_week, h.week_start, h.local_date, h.weekday, h.local_hour, h.queue,
    j.hidden AS suppressed,
    CASE WHEN NOT suppressed THEN h.calls END AS calls,
    CASE WHEN NOT suppressed THEN h.minutes END AS minutes
FROM calls_per_hour h
JOIN judged_hours j ON j.local_date = h.local_date AND j.local_hour = h.local_hour AND j.queue = h.queue
WHERE is_over(h.week_start, INTERVAL 7 DAY) AND NOT week_hides(h.week_start) AND NOT j.exposed
ORDER BY h.local_date, h.local_hour, h.queue
