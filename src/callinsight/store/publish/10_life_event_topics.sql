-- Which topics belong to which life event: no counts.
SELECT * FROM life_event_topics ORDER BY event, topic
