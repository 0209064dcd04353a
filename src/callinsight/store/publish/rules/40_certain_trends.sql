-- What rising_topics concludes whatever the hidden counts of the weeks before are: they may be anything from low to high, so
-- the conclusion tells nothing of them. The formulas are those of rising_topics, at the ends of what is possible: the sum of
-- the weeks before from low to high, and the dispersion from 1 to most, to which a week adds most at one of the four
-- corners (a square over a mean is convex in both). Without a conclusion that is certain, verdict is empty.
WITH last_week AS (
    SELECT DISTINCT week_start, weeks_before FROM rising_topics
),
working AS (
    SELECT week_start, greatest(count(*) FILTER (WHERE working_day), 1) AS days FROM calendar GROUP BY week_start
),
weeks AS (
    SELECT b.week_start, coalesce(w.days, 5) AS days
    FROM week_calls b LEFT JOIN working w USING (week_start)
    WHERE b.week_start < (SELECT week_start FROM last_week) AND b.week_start >= (SELECT week_start - 56 FROM last_week)
    QUALIFY row_number() OVER (ORDER BY b.week_start DESC) <= (SELECT weeks_before FROM last_week)
),
counts AS (
    SELECT
        r.topic, r.calls, r.weeks_before, w.days,
        CASE WHEN t.hidden THEN t.low ELSE coalesce(t.calls, 0) END AS low,
        CASE WHEN t.hidden THEN t.high ELSE coalesce(t.calls, 0) END AS high,
        days / sum(days) OVER (PARTITION BY r.topic) AS share,
        greatest(sum(low) OVER (PARTITION BY r.topic), 0.001) AS all_low,
        greatest(sum(high) OVER (PARTITION BY r.topic), 0.001) AS all_high
    FROM rising_topics r
    CROSS JOIN weeks w
    LEFT JOIN judged_topics t ON t.topic = r.topic AND t.week_start = w.week_start
),
spread AS (
    SELECT
        topic, calls, weeks_before, all_low, all_high,
        (SELECT coalesce(any_value(w.days), 5) FROM working w JOIN last_week USING (week_start)) / sum(days) AS ratio,
        greatest(1, sum(greatest(
            power(low - all_low * share, 2) / (all_low * share), power(high - all_low * share, 2) / (all_low * share),
            power(low - all_high * share, 2) / (all_high * share), power(high - all_high * share, 2) / (all_high * share)
        )) / (weeks_before - 1)) AS most
    FROM counts
    WHERE weeks_before >= 3
    GROUP BY topic, calls, weeks_before, all_low, all_high
),
bounds AS (
    SELECT
        *,
        sqrt(calls + 0.375) AS seen,
        sqrt((all_low + 0.375) * ratio) AS lowest,
        sqrt((all_high + 0.375) * ratio) AS highest,
        2.576 * sqrt(1 + ratio) / 2 AS narrow,
        CASE WHEN most = 1 THEN narrow ELSE sqrt(most * (1 + ratio)) / 2 * list_extract(
            [9.925, 5.841, 4.604, 4.032, 3.707, 3.499], CAST(least(greatest(weeks_before - 2, 1), 6) AS INTEGER)) END AS wide
    FROM spread
)
SELECT
    topic,
    CASE
        WHEN seen > highest + wide THEN 'stijgt'
        WHEN seen < lowest - wide THEN 'daalt'
        WHEN seen BETWEEN highest - narrow AND lowest + narrow THEN 'geen verandering'
    END AS verdict
FROM bounds
