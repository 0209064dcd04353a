-- The labels of signals: no counts.
SELECT * FROM signal_kinds ORDER BY kind
