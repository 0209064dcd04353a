-- Counts of files, not of what callers asked, so nothing is hidden.
SELECT * FROM failures_by_kind ORDER BY recordings DESC, kind, stage
