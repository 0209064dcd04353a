-- Endings of a week. The months tell the sums of those that count as solved, as not solved, and as neither, so counts
-- hide within these first (in_month: those sums give something away), and then so that the sum of the week does not.
-- exposed: the week shows no endings. So are weeks with endings of a kind of which the month has few, since what they have
-- in all less the other kinds would tell how few.
WITH classed AS (
    SELECT week_start, outcome, coalesce(first_contact, 'excluded') AS class, calls FROM outcomes_per_week
),
few AS (
    UNPIVOT (SELECT month_start, solved, not_solved, excluded FROM first_contact_per_month)
    ON solved, not_solved, excluded INTO NAME class VALUE calls
),
few_weeks AS (
    SELECT DISTINCT c.week_start
    FROM classed c
    JOIN few f ON f.class = replace(c.class, '-', '_') AND some_small([f.calls])
        AND c.week_start + 6 >= f.month_start AND c.week_start < f.month_start + INTERVAL 1 MONTH
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
    exposed(calls, forced, week_start) OR f.week_start IS NOT NULL AS exposed
FROM within LEFT JOIN few_weeks f USING (week_start)
