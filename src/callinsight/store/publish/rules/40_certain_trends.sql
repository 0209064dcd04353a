-- What rising_topics concludes whatever the hidden counts of the weeks before are: they may be anything from low to high, so
-- the conclusion tells nothing of them. The formulas are those of rising_topics, at the ends of what is possible: the sum of
-- the weeks before from low to high, and the dispersion from 1 to most. Pearson's chi-square is convex in the counts (a
-- square over a sum), so it is highest when each is at one of its ends: of at most eight weeks all these are tried.
-- Without a conclusion that is certain, verdict is empty.
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
        row_number() OVER (PARTITION BY r.topic ORDER BY w.week_start) - 1 AS place,
        days / sum(days) OVER (PARTITION BY r.topic) AS share,
        CASE WHEN t.hidden THEN t.low ELSE coalesce(t.calls, 0) END AS low,
        CASE WHEN t.hidden THEN t.high ELSE coalesce(t.calls, 0) END AS high
    FROM rising_topics r
    CROSS JOIN weeks w
    LEFT JOIN judged_topics t ON t.topic = r.topic AND t.week_start = w.week_start
    WHERE r.weeks_before >= 3
),
ends AS (
    SELECT
        c.topic, e.mask,
        sum(if(e.mask & (1 << c.place) > 0, c.high, c.low)) AS n,
        sum(power(if(e.mask & (1 << c.place) > 0, c.high, c.low), 2) / c.share) AS squares
    FROM counts c CROSS JOIN range(1 << (SELECT count(*) FROM weeks)) e(mask)
    GROUP BY c.topic, e.mask
),
spreads AS (
    SELECT topic, max(CASE WHEN n > 0 THEN squares / n - n ELSE 0 END) AS chi_square FROM ends GROUP BY topic
),
spread AS (
    SELECT
        topic, any_value(calls) AS calls, any_value(weeks_before) AS weeks_before, sum(low) AS all_low, sum(high) AS all_high,
        (SELECT coalesce(any_value(w.days), 5) FROM working w JOIN last_week USING (week_start)) / sum(days) AS ratio,
        greatest(1, any_value(chi_square) / (any_value(weeks_before) - 1)) AS most
    FROM counts JOIN spreads USING (topic)
    GROUP BY topic
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
