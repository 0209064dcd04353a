-- The labels of specific questions: no counts.
SELECT * FROM main.facets ORDER BY topic, facet
