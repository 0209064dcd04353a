-- Signals of a week. Nothing tells their sum, yet a reader may guess it: it counts as known.
SELECT week_start, kind, calls, hide(calls, false, week_start, kind) AS hidden FROM signals_per_week
