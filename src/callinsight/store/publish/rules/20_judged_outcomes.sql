-- Endings of a week. The months tell the sums of those that count as solved, as not solved, and as neither, so counts
-- hide within these first (in_month: those sums give something away), and then so that the sum of the week does not.
WITH classed AS (
    SELECT week_start, outcome, coalesce(first_contact, 'excluded') AS class, calls FROM outcomes_per_week
),
within AS (
    SELECT
        *,
        hide(calls, false, week_start || class, outcome) AS forced,
        exposed(calls, false, week_start || class) AS in_month
    FROM classed
)
SELECT
    week_start, outcome, calls, in_month,
    hide(calls, forced, week_start, outcome) AS hidden,
    exposed(calls, forced, week_start) AS exposed
FROM within
