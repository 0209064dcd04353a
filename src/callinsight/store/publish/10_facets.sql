-- The labels of specific questions: no counts.
SELECT * FROM facets ORDER BY topic, facet
