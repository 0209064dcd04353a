-- Hours of a day first, then so that the sum of the part of the week that lies in one month does not give any away.
WITH within AS (
    SELECT
        week_start, date_trunc('month', local_date) AS month_start, local_date, local_hour, queue, calls,
        hide(calls, false, local_date, lpad(CAST(local_hour AS VARCHAR), 2, '0') || queue) AS forced
    FROM calls_per_hour
)
SELECT
    week_start, local_date, local_hour, queue, calls,
    hide(calls, forced, week_start || month_start::DATE::VARCHAR, strftime(local_date, '%Y%m%d') || lpad(CAST(local_hour AS VARCHAR), 2, '0') || queue)
        AS hidden,
    exposed(calls, forced, week_start || month_start::DATE::VARCHAR) AS exposed
FROM within
