-- Calls whose caller called before, with the call before it: only when the municipality links the calls of one caller.
-- One row per call that has an earlier one of the same caller, within one key: calls under two keys are never linked, so
-- a first call of a period may be a repeat after all. A number is not a person: a household, a firm or a hospital may
-- share one. Calls about an unknown topic share none.
CREATE VIEW repeat_calls AS
WITH linked AS (
    SELECT
        call_id, started_at, started_local, local_date, week_start, queue, direction, outcome,
        row_number() OVER caller AS contact_no,
        lag(call_id) OVER caller AS previous_call_id,
        lag(started_at) OVER caller AS previous_at,
        lag(started_local) OVER caller AS previous_local,
        lag(local_date) OVER caller AS previous_date,
        lag(outcome) OVER caller AS previous_outcome
    FROM calls
    WHERE caller_ref IS NOT NULL
    WINDOW caller AS (PARTITION BY caller_ref ORDER BY started_at, call_id)
),
repeated AS MATERIALIZED (FROM linked WHERE previous_call_id IS NOT NULL),
topics_of AS (
    SELECT call_id, list_sort(list(DISTINCT topic)) AS topics
    FROM questions
    WHERE topic <> 'unknown'
        AND local_date IN (SELECT local_date FROM repeated UNION SELECT previous_date FROM repeated)
    GROUP BY call_id
)
SELECT
    r.call_id,
    r.started_local,
    r.local_date,
    r.week_start,
    r.queue,
    r.direction,
    CAST(r.contact_no AS INTEGER) AS contact_no,
    r.previous_call_id,
    r.previous_local,
    CAST(date_diff('day', r.previous_date, r.local_date) AS INTEGER) AS days_between,
    round(date_diff('minute', r.previous_at, r.started_at) / 60.0, 1) AS hours_between,
    r.previous_outcome,
    r.outcome,
    coalesce(list_has_any(now.topics, before.topics), false) AS same_topic,
    array_to_string(list_sort(list_intersect(coalesce(now.topics, []), coalesce(before.topics, []))), ', ')
        AS shared_topics
FROM repeated r
LEFT JOIN topics_of now ON now.call_id = r.call_id
LEFT JOIN topics_of before ON before.call_id = r.previous_call_id;

COMMENT ON VIEW repeat_calls IS 'Gesprekken van een beller die eerder belde, met het gesprek daarvoor. Leeg als koppelen uit staat. Een nummer is geen persoon: een gezin of bedrijf kan er een delen.';
COMMENT ON COLUMN repeat_calls.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN repeat_calls.started_local IS 'Begin van het gesprek op de klok in Nederland.';
COMMENT ON COLUMN repeat_calls.local_date IS 'Datum van het gesprek in Nederland.';
COMMENT ON COLUMN repeat_calls.week_start IS 'Maandag van de week van het gesprek.';
COMMENT ON COLUMN repeat_calls.queue IS 'Wachtrij van het gesprek.';
COMMENT ON COLUMN repeat_calls.direction IS 'Wie belde: inbound (inwoner belt), outbound (gemeente belt) of unknown.';
COMMENT ON COLUMN repeat_calls.contact_no IS 'Het hoeveelste gesprek van deze beller het is, zolang de sleutel dezelfde is.';
COMMENT ON COLUMN repeat_calls.previous_call_id IS 'Het gesprek daarvoor van dezelfde beller; zie calls.';
COMMENT ON COLUMN repeat_calls.previous_local IS 'Begin van dat gesprek op de klok in Nederland.';
COMMENT ON COLUMN repeat_calls.days_between IS 'Aantal dagen tussen de twee gesprekken; 0 is dezelfde dag.';
COMMENT ON COLUMN repeat_calls.hours_between IS 'Aantal uren tussen het begin van de twee gesprekken.';
COMMENT ON COLUMN repeat_calls.previous_outcome IS 'Hoe het gesprek daarvoor afliep; zie outcome_kinds.';
COMMENT ON COLUMN repeat_calls.outcome IS 'Hoe dit gesprek afliep; zie outcome_kinds.';
COMMENT ON COLUMN repeat_calls.same_topic IS 'Of beide gesprekken over hetzelfde onderwerp gingen, voor zover het model dat hoorde.';
COMMENT ON COLUMN repeat_calls.shared_topics IS 'Onderwerpen die in beide gesprekken voorkomen, als vaste codes gescheiden door komma''s; leeg als er geen is.';
