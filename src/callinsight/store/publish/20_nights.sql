-- When the processing ran, how fast it was and what failed. How many calls a run loaded is left out: those of a day would
-- follow from it, and so do those that came later.
SELECT run_id, started_local, finished_local, failures, realtime_factor
FROM nights ORDER BY started_local DESC, run_id
