-- The labels of signals: no counts.
SELECT * FROM main.signal_kinds ORDER BY kind
