-- The labels of outcomes: no counts.
SELECT * FROM main.outcome_kinds ORDER BY outcome
