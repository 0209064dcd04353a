-- The labels of life events: no counts.
SELECT * FROM life_events ORDER BY event
