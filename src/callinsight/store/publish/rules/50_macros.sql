-- Whether a whole week or month hides; see hidden_weeks and hidden_months. Lists, since DuckDB lets no column whose
-- expression asks a table be named again in the same SELECT.
SET VARIABLE hidden_weeks = (SELECT coalesce(list(week_start), []) FROM hidden_weeks);
SET VARIABLE hidden_months = (SELECT coalesce(list(month_start), []) FROM hidden_months);
CREATE OR REPLACE TEMP MACRO week_hides(monday) AS list_contains(getvariable('hidden_weeks'), monday);
CREATE OR REPLACE TEMP MACRO month_hides(first_day) AS list_contains(getvariable('hidden_months'), first_day);
