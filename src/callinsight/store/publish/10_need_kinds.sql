-- The labels of needs: no counts.
SELECT * FROM main.need_kinds ORDER BY need
