-- The calendar with holidays: no counts.
SELECT * FROM calendar ORDER BY local_date
