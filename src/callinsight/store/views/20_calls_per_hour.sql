-- Calls by week, day, hour and queue.
-- Counts every call that was processed once, at the hour in which it began. Calls that were never recorded, or that
-- failed, are not here.
CREATE VIEW calls_per_hour AS
SELECT
    strftime(week_start, '%G-W%V') AS iso_week,
    week_start,
    local_date,
    isodow(local_date) AS weekday,
    local_hour,
    queue,
    calls,
    round(duration_ms / 60000.0, 1) AS minutes
FROM week_hours;

COMMENT ON VIEW calls_per_hour IS 'Aantal gesprekken en gespreksminuten per uur en wachtrij.';
COMMENT ON COLUMN calls_per_hour.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN calls_per_hour.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN calls_per_hour.local_date IS 'De dag.';
COMMENT ON COLUMN calls_per_hour.weekday IS 'Dag van de week: 1 is maandag, 7 is zondag.';
COMMENT ON COLUMN calls_per_hour.local_hour IS 'Uur van de dag waarin de gesprekken begonnen, 0 tot en met 23.';
COMMENT ON COLUMN calls_per_hour.queue IS 'Wachtrij.';
COMMENT ON COLUMN calls_per_hour.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN calls_per_hour.minutes IS 'Duur van de opnamen samen, in minuten.';
