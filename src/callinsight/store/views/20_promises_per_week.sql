-- Promises that were made beside call-back requests that were filed, and callers who say that nobody called back, per week.
-- Counts calls. promises: calls in which a promise was heard; without_term: those in which some promise had no term.
-- without_request: those that did not end with a call-back request, so that the promise stands in no system as far as the
-- call tells. callbacks: all calls that ended with a call-back request. broken: calls in which a caller says that a
-- promised call-back did not come; that promise was made earlier, mostly in another week, so broken is no part of promises.
-- A promise may be about something else than calling back.
CREATE VIEW promises_per_week AS
SELECT
    strftime(week_start, '%G-W%V') AS iso_week, week_start,
    promises, with_term, without_term, without_request, callbacks, broken
FROM week_promises;

COMMENT ON VIEW promises_per_week IS 'Toezeggingen naast contactverzoeken, en bellers die zeggen dat ze niet zijn teruggebeld, per week.';
COMMENT ON COLUMN promises_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN promises_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN promises_per_week.promises IS 'Aantal gesprekken met een toezegging.';
COMMENT ON COLUMN promises_per_week.with_term IS 'Aantal daarvan met bij elke toezegging een termijn.';
COMMENT ON COLUMN promises_per_week.without_term IS 'Aantal daarvan met een toezegging zonder termijn.';
COMMENT ON COLUMN promises_per_week.without_request IS 'Aantal gesprekken met een toezegging waarbij geen contactverzoek is gemaakt.';
COMMENT ON COLUMN promises_per_week.callbacks IS 'Aantal gesprekken waarin een contactverzoek is gemaakt.';
COMMENT ON COLUMN promises_per_week.broken IS 'Aantal gesprekken waarin de beller zegt dat een belofte om terug te bellen niet is nagekomen.';
