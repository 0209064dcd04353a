-- Hidden as rules/20_judged_outcomes.sql says: small counts, and others from which they would follow. A week that hides as a
-- whole has no rows here, nor one whose number of calls would give its endings away: even how many rows there are would
-- tell something.
SELECT
    o.iso_week, o.week_start, o.outcome, o.outcome_label, o.first_contact,
    j.hidden AS suppressed,
    CASE WHEN NOT suppressed THEN o.calls END AS calls
FROM outcomes_per_week o
JOIN judged_outcomes j ON j.week_start = o.week_start AND j.outcome = o.outcome
WHERE is_over(o.week_start, INTERVAL 7 DAY) AND NOT week_hides(o.week_start) AND NOT j.exposed
ORDER BY o.week_start, calls DESC NULLS LAST, o.outcome
