"""A warehouse of any size, made by SQL: years of invented calls with the skew of real ones, the same for every seed.

Nothing here comes from a recording. What matters to a database is like the real thing: calls come by day and hour, few
topics take most of them, a letter fills a week with one topic, most calls hold one question, ids are hashes (so they
never lie in order), and turns are words.
"""

from dataclasses import dataclass

import duckdb

from callinsight.core.taxonomy import Taxonomy
from callinsight.store.dimensions import sync_dimensions

YEARS = 10
LAST_DAY = "2026-11-20"  # a Friday
CHUNK_CALLS = 1_000_000

_MACROS = """
CREATE OR REPLACE TEMP MACRO draw(i, salt) AS (hash(i, salt, getvariable('seed')) >> 11) / 9007199254740992.0;
CREATE OR REPLACE TEMP MACRO pick(names, share) AS names[1 + least(len(names) - 1, floor(share * len(names))::INT)];
CREATE OR REPLACE TEMP MACRO skewed(names, share) AS pick(names, pow(share, 2.6));
"""

_LISTS = """
SET VARIABLE topics = (SELECT list(topic ORDER BY hash(topic)) FROM topics WHERE topic <> 'unknown');
SET VARIABLE needs = (SELECT list(need ORDER BY hash(need)) FROM need_kinds);
SET VARIABLE outcomes = (SELECT list(outcome ORDER BY hash(outcome)) FROM outcome_kinds);
SET VARIABLE kinds = (SELECT list(kind ORDER BY hash(kind)) FROM signal_kinds);
SET VARIABLE queues =
    ['burgerzaken', 'afval', 'parkeren', 'belastingen', 'zorg', 'werk-en-inkomen', 'wonen', 'algemeen'];
SET VARIABLE openings = (SELECT list(concat_ws(' ', a, b, c)) FROM
    (SELECT unnest(['goedemorgen', 'goedemiddag', 'dag', 'hallo', 'ja', 'nee', 'even kijken', 'momentje']) AS a),
    (SELECT unnest(['ik bel over', 'ik heb een vraag over', 'het gaat om', 'u spreekt met de gemeente over']) AS b),
    (SELECT unnest(['de brief', 'mijn paspoort', 'de container', 'een vergunning', 'de aanslag', 'mijn adres',
        'een afspraak', 'de website', 'het formulier', 'de uitkering']) AS c));
SET VARIABLE endings = (SELECT list(concat_ws(' ', a, b, c)) FROM
    (SELECT unnest(['die ik gisteren kreeg', 'van vorige week', 'voor mijn moeder', 'aan de overkant',
        'die niet klopt', 'waar ik op wacht', 'die u stuurde', 'van de buren']) AS a),
    (SELECT unnest(['ik snap niet', 'kunt u zeggen', 'ik wil graag weten', 'niemand vertelt mij']) AS b),
    (SELECT unnest(['wat ik moet doen', 'wanneer dat klaar is', 'wat dat kost', 'waar ik moet zijn',
        'of het nog kan', 'wie mij terugbelt', 'hoe lang het duurt', 'waarom dat zo is']) AS c));
"""

_DAYS = """
CREATE OR REPLACE TEMP TABLE days AS
WITH weighed AS (
    SELECT
        local_date,
        week_start,
        iso_week,
        CASE WHEN working_day THEN [1.25, 1.1, 1.0, 0.95, 0.85][weekday] WHEN weekday = 6 THEN 0.05 ELSE 0 END
            * (1 + 0.2 * sin(2 * pi() * dayofyear(local_date) / 365))
            * (0.8 + 0.4 * draw(epoch(week_start), 1)) AS weight
    FROM calendar
    WHERE local_date <= DATE '{last}' AND local_date > DATE '{last}' - INTERVAL {years} YEAR
)
SELECT *, sum(weight) OVER (ORDER BY local_date) / sum(weight) OVER () AS until FROM weighed WHERE weight > 0
"""

_CALLS = """
CREATE OR REPLACE TEMP TABLE made AS
SELECT
    i,
    'c' || left(md5('call' || i || getvariable('seed')), 25) AS call_id,
    'r' || left(md5('recording' || i || getvariable('seed')), 25) AS recording_ref,
    d.local_date,
    d.week_start,
    d.iso_week,
    8 + floor(9.5 * pow(draw(i, 2), 1.2))::INT AS local_hour,
    d.local_date + to_hours(local_hour) + to_seconds(floor(3600 * draw(i, 3))::INT) AS started_local,
    skewed(getvariable('queues'), draw(i, 4)) AS queue,
    1 + (draw(i, 5) < 0.2)::INT + (draw(i, 5) < 0.05)::INT AS questions,
    1 + floor(4.5 * draw(i, 6))::INT AS turns,
    (draw(i, 7) < 0.3)::INT + (draw(i, 7) < 0.05)::INT AS signals
FROM range({first}, {after}) r(i)
ASOF JOIN (SELECT *, coalesce(lag(until) OVER (ORDER BY until), 0) AS since FROM days) d
    ON (i + 0.5) / {total} >= d.since
ORDER BY i
"""

_QUESTIONS = """
CREATE OR REPLACE TEMP TABLE asked AS
WITH heard AS (
    SELECT
        *,
        CASE
            WHEN draw(i, 20 + n) < 0.15 THEN 'unknown'
            WHEN draw(i, 20 + n) < 0.25 THEN pick(getvariable('topics'), draw(epoch(week_start), 9))
            ELSE skewed(getvariable('topics'), draw(i, 30 + n))
        END AS topic
    FROM (SELECT *, unnest(range(questions)) AS n FROM made)
)
SELECT
    i, call_id, n AS question_no, local_date, topic,
    CASE WHEN draw(i, 40 + n) < 0.7 THEN skewed(f.facets, draw(i, 50 + n)) END AS facet,
    round(0.5 + 0.5 * draw(i, 60 + n), 4) AS score,
    CASE WHEN topic = 'unknown' THEN 0 ELSE (draw(i, 70 + n) < 0.5)::INT + (draw(i, 70 + n) < 0.1)::INT END AS needs
FROM heard LEFT JOIN fitting f USING (topic)
ORDER BY i, n
"""

_FACTS = (
    """
    INSERT INTO calls BY NAME SELECT
        call_id, recording_ref, started_local AT TIME ZONE 'UTC' AS started_at, started_local, local_date, week_start,
        iso_week, local_hour, queue, 'inbound' AS direction, 'stereo' AS layout,
        CASE WHEN draw(i, 80) < 0.6 THEN skewed(getvariable('topics'), draw(i, 30)) END AS registered_topic,
        skewed(getvariable('outcomes'), draw(i, 81)) AS outcome, round(draw(i, 82), 4) AS outcome_score,
        [turns - 1] AS outcome_evidence, '0.1.0' AS code_version, '5f3a9c' AS settings_digest,
        'speech=ab12cd,tagger=34ef56' AS model_digests, '1.0' AS taxonomy_version, 'kept' AS transcript
    FROM made ORDER BY i
    """,
    """
    INSERT INTO questions BY NAME
    SELECT call_id, question_no, topic, facet, score, [0] AS evidence, local_date FROM asked ORDER BY i, question_no
    """,
    """
    INSERT INTO needs BY NAME SELECT
        call_id, question_no, n AS need_no, skewed(getvariable('needs'), draw(i, 100 + 10 * question_no + n)) AS need,
        round(0.5 + 0.5 * draw(i, 130 + n), 4) AS score, [0] AS evidence, local_date
    FROM (SELECT *, unnest(range(needs)) AS n FROM asked) ORDER BY i, question_no, n
    """,
    """
    INSERT INTO signals BY NAME SELECT
        call_id, n AS signal_no, kind, k.severity, 'rule' AS source, 1.0 AS score, 2000 * n AS start_ms,
        2000 * n + 1500 AS end_ms, [n % turns] AS evidence, local_date
    FROM (SELECT *, skewed(getvariable('kinds'), draw(i, 150 + n)) AS kind
        FROM (SELECT *, unnest(range(signals)) AS n FROM made))
    JOIN signal_kinds k USING (kind) ORDER BY i, n
    """,
    """
    INSERT INTO measures BY NAME SELECT
        call_id, 60000 + floor(400000 * pow(draw(i, 160), 2))::BIGINT AS duration_ms, duration_ms // 3 AS agent_talk_ms,
        duration_ms // 4 AS caller_talk_ms, duration_ms // 5 AS silence_ms, 0 AS hold_ms,
        duration_ms // 50 AS overlap_ms,
        floor(5 * draw(i, 161))::INT AS interruptions, (duration_ms // 500)::INT AS words,
        round(0.7 + 0.3 * draw(i, 162), 6) AS mean_word_probability, (draw(i, 163) < 0.02)::INT AS loops_redecoded,
        0 AS loops_dropped, (draw(i, 164) < 0.01)::INT AS phantoms_dropped, 0 AS bleed_dropped_ms,
        floor(20000 * draw(i, 165))::BIGINT AS nonspeech_dropped_ms, local_date
    FROM made ORDER BY i
    """,
    """
    INSERT INTO turns BY NAME SELECT
        call_id, n AS turn_no, CASE WHEN n % 2 = 0 THEN 'caller' ELSE 'agent' END AS role, 5000 * n AS start_ms,
        5000 * n + 4800 AS end_ms,
        pick(getvariable('openings'), draw(i, 170 + n)) || ' ' || pick(getvariable('endings'), draw(i, 190 + n))
            AS text,
        len(string_split(text, ' '))::INT AS words, local_date
    FROM (SELECT *, unnest(range(turns)) AS n FROM made) ORDER BY i, n
    """,
    """
    INSERT INTO redactions BY NAME SELECT
        call_id, 'name' AS kind, 1 AS passages, 700 AS masked_ms, local_date
    FROM made WHERE draw(i, 200) < 0.7 ORDER BY i
    """,
)

_FITTING = "CREATE OR REPLACE TEMP TABLE fitting (topic VARCHAR, facets VARCHAR[])"

TABLES = ("calls", "questions", "needs", "signals", "measures", "turns", "redactions")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many calls over how many years up to ``last_day``, and the seed of all that is drawn."""

    calls: int
    seed: int = 1
    years: int = YEARS
    last_day: str = LAST_DAY


def prepare_drawing(connection: duckdb.DuckDBPyConnection, plan: Plan, taxonomy: Taxonomy) -> None:
    """Labels, and what the statements below draw from. Needs an empty, prepared database."""
    sync_dimensions(connection, taxonomy)
    connection.execute(f"SET VARIABLE seed = {plan.seed}")
    connection.execute(_MACROS)
    connection.execute(_LISTS)
    connection.execute(_FITTING)
    fitting = [(topic.id, list(topic.facet_ids)) for topic in taxonomy.topics.values()]
    connection.executemany("INSERT INTO fitting VALUES (?, ?)", fitting)
    connection.execute(_DAYS.format(last=plan.last_day, years=plan.years))


def fill(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """The facts, in the order of time, as nights would have brought them."""
    for first in range(0, plan.calls, CHUNK_CALLS):
        after = min(first + CHUNK_CALLS, plan.calls)
        connection.begin()
        connection.execute(_CALLS.format(first=first, after=after, total=plan.calls))
        connection.execute(_QUESTIONS)
        for statement in _FACTS:
            connection.execute(statement)
        connection.commit()
    connection.execute("DROP TABLE made")
    connection.execute("DROP TABLE asked")
    connection.execute("CHECKPOINT")


def add_reviews(connection: duckdb.DuckDBPyConnection) -> None:
    """Verdicts on two thousand calls of the last two years, so that their views have something to tell."""
    connection.execute(
        """
        INSERT INTO reviews BY NAME SELECT
            'v' || row_number() OVER (ORDER BY call_id) AS review_id, call_id, 'question' AS about, topic AS tag, facet,
            CASE WHEN hash(call_id) % 4 = 0 THEN 'wrong' ELSE 'right' END AS verdict, 'kwaliteitsmedewerker' AS role,
            now() AS decided_at, now()::TIMESTAMP AS decided_local
        FROM (FROM questions WHERE question_no = 0 AND local_date > DATE '2024-11-20' ORDER BY hash(call_id) LIMIT 2000)
        """
    )
