-- Topics that rose or fell in the last complete week, against the eight weeks before.
-- A week is complete when its Friday, or a later day, has calls in the database. Weeks before it without any call do not
-- count as quiet weeks. expected is the mean number of calls per working day before, times the working days (no weekends, no
-- public holidays) of the last week. The interval expected_low to expected_high follows from comparing two Poisson counts on
-- the square-root scale (Huffman, Applied Statistics 33, 1984). When the weeks before differ more than Poisson counts do,
-- it is widened by that dispersion, and Student's t takes the place of the normal distribution, because a dispersion out
-- of few weeks is uncertain itself. It is a 99 % interval, so that of a hundred topics one or two stand out by chance
-- alone. The first week of the data does not count when it began before they did. With fewer than three weeks before,
-- nothing is concluded. Trends of seasons are not taken out.
CREATE VIEW rising_topics AS
WITH busy_weeks AS (
    SELECT week_start, first_day, last_day FROM week_calls
),
last_week AS (
    SELECT max(week_start) AS week_start FROM busy_weeks
    WHERE last_day >= week_start + 4 OR week_start < (SELECT max(week_start) FROM busy_weeks)
),
working AS (
    SELECT
        week_start,
        greatest(count(*) FILTER (WHERE working_day), 1) AS days,
        min(local_date) FILTER (WHERE working_day) AS opens
    FROM calendar GROUP BY week_start
),
weeks AS (
    SELECT b.week_start, coalesce(w.days, 5) AS days, b.week_start = l.week_start AS is_last
    FROM busy_weeks b
    CROSS JOIN last_week l
    LEFT JOIN working w ON w.week_start = b.week_start
    WHERE b.week_start BETWEEN l.week_start - 56 AND l.week_start
        AND (b.week_start > (SELECT min(week_start) FROM busy_weeks) OR b.first_day <= coalesce(w.opens, b.week_start))
),
exposure AS (
    SELECT
        sum(days) FILTER (WHERE is_last) AS last_days,
        sum(days) FILTER (WHERE NOT is_last) AS days_before,
        count(*) FILTER (WHERE NOT is_last) AS weeks_before
    FROM weeks
),
counts AS (
    SELECT t.topic, w.week_start, w.days, w.is_last, coalesce(p.calls, 0) AS calls
    FROM weeks w
    CROSS JOIN (SELECT DISTINCT topic FROM week_topics) t
    LEFT JOIN week_topics p ON p.topic = t.topic AND p.week_start = w.week_start
),
totals AS (
    SELECT
        topic,
        CAST(coalesce(sum(calls) FILTER (WHERE is_last), 0) AS BIGINT) AS calls,
        CAST(coalesce(sum(calls) FILTER (WHERE NOT is_last), 0) AS BIGINT) AS calls_before
    FROM counts GROUP BY topic
),
spread AS (
    -- Pearson's chi-square over its degrees of freedom: 1 for Poisson counts, more when weeks differ more.
    SELECT
        c.topic,
        greatest(1, coalesce(
            sum(power(c.calls - t.calls_before * c.days / e.days_before, 2)
                / nullif(t.calls_before * c.days / e.days_before, 0)) / nullif(max(e.weeks_before) - 1, 0),
            1)) AS dispersion
    FROM counts c JOIN totals t USING (topic) CROSS JOIN exposure e
    WHERE NOT c.is_last
    GROUP BY c.topic
),
bounds AS (
    SELECT
        t.*,
        e.weeks_before,
        e.last_days / e.days_before AS ratio,
        t.calls_before * ratio AS expected,
        sqrt((t.calls_before + 0.375) * ratio) AS middle,
        CASE
            WHEN s.dispersion = 1 THEN 2.576
            -- Student's t, 99 %, for 2 to 7 degrees of freedom
            ELSE list_extract([9.925, 5.841, 4.604, 4.032, 3.707, 3.499],
                CAST(least(greatest(e.weeks_before - 2, 1), 6) AS INTEGER))
        END * sqrt(s.dispersion * (1 + ratio)) / 2 AS margin
    FROM totals t LEFT JOIN spread s USING (topic) CROSS JOIN exposure e
)
SELECT
    strftime(l.week_start, '%G-W%V') AS iso_week,
    l.week_start,
    b.topic,
    coalesce(d.label, b.topic) AS topic_label,
    b.calls,
    round(b.expected, 1) AS expected,
    round(greatest(0, power(greatest(0, b.middle - b.margin), 2) - 0.375), 1) AS expected_low,
    round(power(b.middle + b.margin, 2) - 0.375, 1) AS expected_high,
    CASE
        WHEN b.weeks_before < 3 THEN 'te weinig weken'
        WHEN sqrt(b.calls + 0.375) > b.middle + b.margin THEN 'stijgt'
        WHEN sqrt(b.calls + 0.375) < b.middle - b.margin THEN 'daalt'
        ELSE 'geen verandering'
    END AS verdict,
    b.weeks_before
FROM bounds b
CROSS JOIN last_week l
LEFT JOIN topics d ON d.topic = b.topic;

COMMENT ON VIEW rising_topics IS 'Welke onderwerpen in de laatste hele week stegen of daalden, vergeleken met de acht weken ervoor.';
COMMENT ON COLUMN rising_topics.iso_week IS 'De laatste hele week, volgens ISO 8601.';
COMMENT ON COLUMN rising_topics.week_start IS 'Maandag van die week.';
COMMENT ON COLUMN rising_topics.topic IS 'Vaste code van het onderwerp.';
COMMENT ON COLUMN rising_topics.topic_label IS 'Naam van het onderwerp.';
COMMENT ON COLUMN rising_topics.calls IS 'Aantal gesprekken over dit onderwerp in die week.';
COMMENT ON COLUMN rising_topics.expected IS 'Verwacht aantal, gezien de weken ervoor en het aantal werkdagen.';
COMMENT ON COLUMN rising_topics.expected_low IS 'Ondergrens van wat nog toeval kan zijn (99 procent).';
COMMENT ON COLUMN rising_topics.expected_high IS 'Bovengrens van wat nog toeval kan zijn (99 procent).';
COMMENT ON COLUMN rising_topics.verdict IS 'Conclusie: stijgt, daalt, geen verandering of te weinig weken. Voor managers ook niet te tonen, als er kleine aantallen bij zijn.';
COMMENT ON COLUMN rising_topics.weeks_before IS 'Aantal weken waarmee is vergeleken, hoogstens acht.';
