-- The labels of outcomes: no counts.
SELECT * FROM outcome_kinds ORDER BY outcome
