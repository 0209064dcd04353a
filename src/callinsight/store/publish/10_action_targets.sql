-- Which questions an improvement should reduce: no counts.
SELECT * FROM action_targets ORDER BY action_id, topic, facet
