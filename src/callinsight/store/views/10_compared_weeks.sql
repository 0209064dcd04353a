-- The last whole week and up to eight weeks before it, as rising_topics compares them.
-- No counts. A week is whole when its Friday, or a later day, has calls in the database. Weeks without any call are left
-- out, and so is the first week of the data when it began before they did. days are working days, at least 1.
CREATE VIEW compared_weeks AS
WITH busy AS (
    SELECT week_start, min(local_date) AS first_day, max(local_date) AS last_day FROM calls GROUP BY week_start
),
last_week AS (
    SELECT max(week_start) AS week_start FROM busy
    WHERE last_day >= week_start + 4 OR week_start < (SELECT max(week_start) FROM busy)
),
working AS (
    SELECT
        week_start,
        greatest(count(*) FILTER (WHERE working_day), 1) AS days,
        min(local_date) FILTER (WHERE working_day) AS opens
    FROM calendar GROUP BY week_start
)
SELECT b.week_start, CAST(coalesce(w.days, 5) AS INTEGER) AS days, b.week_start = l.week_start AS is_last
FROM busy b
CROSS JOIN last_week l
LEFT JOIN working w ON w.week_start = b.week_start
WHERE b.week_start BETWEEN l.week_start - 56 AND l.week_start
    AND (b.week_start > (SELECT min(week_start) FROM busy) OR b.first_day <= coalesce(w.opens, b.week_start));

COMMENT ON VIEW compared_weeks IS 'De laatste hele week en de hoogstens acht weken waarmee die wordt vergeleken.';
COMMENT ON COLUMN compared_weeks.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN compared_weeks.days IS 'Aantal werkdagen in de week, minstens 1.';
COMMENT ON COLUMN compared_weeks.is_last IS 'Of dit de laatste hele week is.';
