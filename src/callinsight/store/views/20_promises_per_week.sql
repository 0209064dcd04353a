-- Promises that were made beside call-back requests that were filed, and callers who say that nobody called back, per week.
-- Counts calls. promises: calls in which a promise was heard; without_term: those in which some promise had no term.
-- without_request: those that did not end with a call-back request, so that the promise stands in no system as far as the
-- call tells. callbacks: all calls that ended with a call-back request. broken: calls in which a caller says that a
-- promised call-back did not come; that promise was made earlier, mostly in another week, so broken is no part of promises.
-- A promise may be about something else than calling back.
CREATE VIEW promises_per_week AS
WITH told AS (
    SELECT
        c.call_id,
        c.iso_week,
        c.week_start,
        c.outcome = 'callback-request' AS asked,
        coalesce(bool_or(s.kind IN ('promise-made', 'promise-without-date')), false) AS promised,
        coalesce(bool_or(s.kind = 'promise-without-date'), false) AS termless,
        coalesce(bool_or(s.kind = 'broken-promise-callback'), false) AS broken
    FROM calls c
    LEFT JOIN signals s USING (call_id)
    GROUP BY ALL
)
SELECT
    iso_week,
    week_start,
    count(*) FILTER (WHERE promised) AS promises,
    count(*) FILTER (WHERE promised AND NOT termless) AS with_term,
    count(*) FILTER (WHERE termless) AS without_term,
    count(*) FILTER (WHERE promised AND NOT asked) AS without_request,
    count(*) FILTER (WHERE asked) AS callbacks,
    count(*) FILTER (WHERE broken) AS broken
FROM told
WHERE promised OR asked OR broken
GROUP BY ALL;

COMMENT ON VIEW promises_per_week IS 'Toezeggingen naast contactverzoeken, en bellers die zeggen dat ze niet zijn teruggebeld, per week.';
COMMENT ON COLUMN promises_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN promises_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN promises_per_week.promises IS 'Aantal gesprekken met een toezegging.';
COMMENT ON COLUMN promises_per_week.with_term IS 'Aantal daarvan met bij elke toezegging een termijn.';
COMMENT ON COLUMN promises_per_week.without_term IS 'Aantal daarvan met een toezegging zonder termijn.';
COMMENT ON COLUMN promises_per_week.without_request IS 'Aantal gesprekken met een toezegging waarbij geen contactverzoek is gemaakt.';
COMMENT ON COLUMN promises_per_week.callbacks IS 'Aantal gesprekken waarin een contactverzoek is gemaakt.';
COMMENT ON COLUMN promises_per_week.broken IS 'Aantal gesprekken waarin de beller zegt dat een belofte om terug te bellen niet is nagekomen.';
