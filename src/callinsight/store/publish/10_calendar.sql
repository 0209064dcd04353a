-- The calendar with holidays: no counts.
SELECT * FROM main.calendar ORDER BY local_date
