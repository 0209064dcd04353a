-- The labels of needs: no counts.
SELECT * FROM need_kinds ORDER BY need
