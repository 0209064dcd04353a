-- The labels of topics: no counts.
SELECT * FROM topics ORDER BY topic
