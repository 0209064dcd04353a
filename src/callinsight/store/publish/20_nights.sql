-- Counts of the processing itself, not of what callers asked, so nothing is hidden.
SELECT * FROM nights ORDER BY started_local DESC, run_id
