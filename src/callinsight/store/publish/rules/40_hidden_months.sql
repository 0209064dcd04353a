-- Months of which the number of calls hides itself, since it would give that of a hidden week away.
SELECT DISTINCT CAST(date_trunc('month', day) AS DATE) AS month_start
FROM hidden_weeks, unnest([week_start, week_start + 6]) AS days(day)
