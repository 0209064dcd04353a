-- The labels of topics: no counts.
SELECT * FROM main.topics ORDER BY topic
