-- The first schema: a star around calls, with the dimensions that give ids their Dutch labels.
--
-- No primary keys and no unique indexes: one batch deletes and inserts the same ids in one transaction, and DuckDB's
-- indexes would refuse that. The files under checks/ guard the same promises for every batch.
-- Nobody is named here: no column holds an agent, a caller, a score of a person, or a feeling.

CREATE TABLE calls (
    call_id VARCHAR NOT NULL,
    recording_ref VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    started_local TIMESTAMP NOT NULL,
    local_date DATE NOT NULL,
    week_start DATE NOT NULL,
    iso_week VARCHAR NOT NULL,
    local_hour INTEGER NOT NULL,
    queue VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    layout VARCHAR NOT NULL,
    registered_topic VARCHAR,
    outcome VARCHAR NOT NULL,
    outcome_score DOUBLE NOT NULL,
    outcome_evidence INTEGER[] NOT NULL,
    code_version VARCHAR NOT NULL,
    settings_digest VARCHAR NOT NULL,
    model_digests VARCHAR NOT NULL,
    taxonomy_version VARCHAR NOT NULL
);
COMMENT ON TABLE calls IS 'Eén rij per verwerkt gesprek: wanneer het was, hoe het binnenkwam, hoe het afliep en waarmee het is verwerkt.';
COMMENT ON COLUMN calls.call_id IS 'Schuilnaam van het gesprek; verwijst in alle andere tabellen naar dit gesprek.';
COMMENT ON COLUMN calls.recording_ref IS 'Schuilnaam van de opname, gemaakt met een geheime sleutel.';
COMMENT ON COLUMN calls.started_at IS 'Begin van het gesprek, als moment (UTC).';
COMMENT ON COLUMN calls.started_local IS 'Begin van het gesprek op de klok in Nederland (zomer- of wintertijd).';
COMMENT ON COLUMN calls.local_date IS 'Datum van het gesprek in Nederland.';
COMMENT ON COLUMN calls.week_start IS 'Maandag van de week van het gesprek.';
COMMENT ON COLUMN calls.iso_week IS 'Weeknummer volgens ISO 8601, bijvoorbeeld 2026-W36.';
COMMENT ON COLUMN calls.local_hour IS 'Uur van de dag in Nederland waarin het gesprek begon, 0 tot en met 23.';
COMMENT ON COLUMN calls.queue IS 'Wachtrij waarin het gesprek binnenkwam; leeg als de telefooncentrale dat niet meldt.';
COMMENT ON COLUMN calls.direction IS 'Wie belde: inbound (inwoner belt), outbound (gemeente belt) of unknown.';
COMMENT ON COLUMN calls.layout IS 'Vorm van de opname: mono (één spoor) of stereo (elke kant een eigen spoor).';
COMMENT ON COLUMN calls.registered_topic IS 'Onderwerp dat bij het gesprek is geregistreerd; leeg als dat niet bekend is.';
COMMENT ON COLUMN calls.outcome IS 'Hoe het gesprek afliep; zie outcome_kinds.';
COMMENT ON COLUMN calls.outcome_score IS 'Hoe zeker het model is van de afloop, van 0 tot 1.';
COMMENT ON COLUMN calls.outcome_evidence IS 'Nummers van de beurten waaruit de afloop blijkt.';
COMMENT ON COLUMN calls.code_version IS 'Versie van het programma dat het gesprek verwerkte.';
COMMENT ON COLUMN calls.settings_digest IS 'Vingerafdruk van de instellingen bij de verwerking.';
COMMENT ON COLUMN calls.model_digests IS 'Gebruikte modellen met hun vingerafdruk: naam=vingerafdruk, gescheiden door komma''s.';
COMMENT ON COLUMN calls.taxonomy_version IS 'Versie van de onderwerpenlijst bij de verwerking.';

CREATE TABLE questions (
    call_id VARCHAR NOT NULL,
    question_no INTEGER NOT NULL,
    topic VARCHAR NOT NULL,
    facet VARCHAR,
    score DOUBLE NOT NULL,
    evidence INTEGER[] NOT NULL
);
COMMENT ON TABLE questions IS 'Eén rij per vraag die in een gesprek is gehoord.';
COMMENT ON COLUMN questions.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN questions.question_no IS 'Volgnummer van de vraag binnen het gesprek, vanaf 0.';
COMMENT ON COLUMN questions.topic IS 'Onderwerp van de vraag; zie topics.';
COMMENT ON COLUMN questions.facet IS 'Specifieke vraag binnen het onderwerp; zie facets. Leeg als die niet duidelijk was.';
COMMENT ON COLUMN questions.score IS 'Hoe zeker het model is, van 0 tot 1.';
COMMENT ON COLUMN questions.evidence IS 'Nummers van de beurten waaruit de vraag blijkt.';

CREATE TABLE needs (
    call_id VARCHAR NOT NULL,
    question_no INTEGER NOT NULL,
    need_no INTEGER NOT NULL,
    need VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    evidence INTEGER[] NOT NULL
);
COMMENT ON TABLE needs IS 'Eén rij per behoefte achter een vraag: de vraag achter de vraag.';
COMMENT ON COLUMN needs.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN needs.question_no IS 'De vraag waar de behoefte bij hoort; zie questions.';
COMMENT ON COLUMN needs.need_no IS 'Volgnummer van de behoefte binnen de vraag, vanaf 0.';
COMMENT ON COLUMN needs.need IS 'De behoefte; zie need_kinds.';
COMMENT ON COLUMN needs.score IS 'Hoe zeker het model is, van 0 tot 1.';
COMMENT ON COLUMN needs.evidence IS 'Nummers van de beurten waaruit de behoefte blijkt.';

CREATE TABLE signals (
    call_id VARCHAR NOT NULL,
    signal_no INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    evidence INTEGER[] NOT NULL
);
COMMENT ON TABLE signals IS 'Eén rij per signaal in een gesprek dat aandacht vraagt. Een mens beoordeelt het; er volgt niets vanzelf uit.';
COMMENT ON COLUMN signals.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN signals.signal_no IS 'Volgnummer van het signaal binnen het gesprek, vanaf 0.';
COMMENT ON COLUMN signals.kind IS 'Soort signaal; zie signal_kinds.';
COMMENT ON COLUMN signals.severity IS 'Hoe snel een mens moet kijken: info, human-review, same-day of immediate.';
COMMENT ON COLUMN signals.source IS 'Waar het signaal vandaan komt: rule (vaste regel) of model.';
COMMENT ON COLUMN signals.score IS 'Hoe zeker het signaal is, van 0 tot 1.';
COMMENT ON COLUMN signals.start_ms IS 'Begin van de passage, in milliseconden vanaf het begin van de opname.';
COMMENT ON COLUMN signals.end_ms IS 'Einde van de passage, in milliseconden vanaf het begin van de opname.';
COMMENT ON COLUMN signals.evidence IS 'Nummers van de beurten waaruit het signaal blijkt.';

CREATE TABLE measures (
    call_id VARCHAR NOT NULL,
    duration_ms BIGINT NOT NULL,
    agent_talk_ms BIGINT NOT NULL,
    caller_talk_ms BIGINT NOT NULL,
    silence_ms BIGINT NOT NULL,
    hold_ms BIGINT NOT NULL,
    overlap_ms BIGINT NOT NULL,
    interruptions INTEGER NOT NULL,
    words INTEGER NOT NULL,
    mean_word_probability DOUBLE NOT NULL,
    loops_redecoded INTEGER NOT NULL,
    loops_dropped INTEGER NOT NULL,
    phantoms_dropped INTEGER NOT NULL,
    bleed_dropped_ms BIGINT NOT NULL,
    nonspeech_dropped_ms BIGINT NOT NULL
);
COMMENT ON TABLE measures IS 'Eén rij per gesprek: tijden, en hoe zeker de spraakherkenning was. Nooit een maat van één persoon.';
COMMENT ON COLUMN measures.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN measures.duration_ms IS 'Duur van de opname in milliseconden.';
COMMENT ON COLUMN measures.agent_talk_ms IS 'Spreektijd aan de kant van de gemeente, in milliseconden.';
COMMENT ON COLUMN measures.caller_talk_ms IS 'Spreektijd aan de kant van de beller, in milliseconden.';
COMMENT ON COLUMN measures.silence_ms IS 'Stilte in milliseconden.';
COMMENT ON COLUMN measures.hold_ms IS 'Wachtmuziek en wachttonen in milliseconden.';
COMMENT ON COLUMN measures.overlap_ms IS 'Tijd waarin beide kanten tegelijk spraken, in milliseconden.';
COMMENT ON COLUMN measures.interruptions IS 'Hoe vaak de ene kant begon terwijl de andere nog sprak; van beide kanten samen.';
COMMENT ON COLUMN measures.words IS 'Aantal herkende woorden.';
COMMENT ON COLUMN measures.mean_word_probability IS 'Gemiddelde zekerheid van de herkende woorden, van 0 tot 1; 1 als er geen woorden zijn.';
COMMENT ON COLUMN measures.loops_redecoded IS 'Hoe vaak de herkenning bleef hangen en de passage opnieuw is herkend.';
COMMENT ON COLUMN measures.loops_dropped IS 'Hoe vaak de herkenning bleef hangen en de passage is weggelaten.';
COMMENT ON COLUMN measures.phantoms_dropped IS 'Aantal weggelaten zinnen die niemand heeft gezegd.';
COMMENT ON COLUMN measures.bleed_dropped_ms IS 'Weggelaten overspraak van het andere spoor, in milliseconden.';
COMMENT ON COLUMN measures.nonspeech_dropped_ms IS 'Niet herkend omdat het geen spraak was (muziek, tonen, stilte), in milliseconden.';

CREATE TABLE turns (
    call_id VARCHAR NOT NULL,
    turn_no INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    words INTEGER NOT NULL,
    text VARCHAR NOT NULL
);
COMMENT ON TABLE turns IS 'Eén rij per beurt in een gesprek, met persoonsgegevens gemaskeerd. Gemaskeerd is niet anoniem: blijf er zorgvuldig mee.';
COMMENT ON COLUMN turns.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN turns.turn_no IS 'Volgnummer van de beurt binnen het gesprek, vanaf 0.';
COMMENT ON COLUMN turns.role IS 'Wie spreekt: agent (gemeente), caller (beller), system (keuzemenu) of unknown (niet duidelijk).';
COMMENT ON COLUMN turns.start_ms IS 'Begin van de beurt, in milliseconden vanaf het begin van de opname.';
COMMENT ON COLUMN turns.end_ms IS 'Einde van de beurt, in milliseconden vanaf het begin van de opname.';
COMMENT ON COLUMN turns.words IS 'Aantal woorden in de beurt.';
COMMENT ON COLUMN turns.text IS 'Wat er is gezegd volgens de spraakherkenning, met persoonsgegevens gemaskeerd.';

CREATE TABLE redactions (
    call_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    passages INTEGER NOT NULL,
    masked_ms BIGINT NOT NULL
);
COMMENT ON TABLE redactions IS 'Hoe vaak per gesprek een soort persoonsgegeven is gemaskeerd. De gegevens zelf zijn weg.';
COMMENT ON COLUMN redactions.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN redactions.kind IS 'Soort persoonsgegeven, bijvoorbeeld bsn of phone.';
COMMENT ON COLUMN redactions.passages IS 'Aantal gemaskeerde passages van deze soort.';
COMMENT ON COLUMN redactions.masked_ms IS 'Samen zoveel milliseconden gemaskeerd.';

CREATE TABLE failures (
    recording_ref VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    retryable BOOLEAN NOT NULL
);
COMMENT ON TABLE failures IS 'Opnamen die nu terzijde liggen omdat verwerken niet lukte. Lukt het later wel, dan verdwijnt de rij.';
COMMENT ON COLUMN failures.recording_ref IS 'Schuilnaam van de opname; de leesbare naam staat alleen in de lijst van het datateam.';
COMMENT ON COLUMN failures.stage IS 'Stap waarin het misging.';
COMMENT ON COLUMN failures.kind IS 'Waarom het misging; zie failure_kinds.';
COMMENT ON COLUMN failures.retryable IS 'Of opnieuw proberen zin heeft.';

CREATE TABLE runs (
    run_id VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    started_local TIMESTAMP NOT NULL,
    finished_local TIMESTAMP,
    recordings_found INTEGER NOT NULL,
    recordings_skipped INTEGER NOT NULL,
    audio_ms BIGINT NOT NULL,
    wall_ms BIGINT NOT NULL
);
COMMENT ON TABLE runs IS 'Eén rij per keer dat de verwerking draaide, meestal één per nacht.';
COMMENT ON COLUMN runs.run_id IS 'Kenmerk van deze verwerking.';
COMMENT ON COLUMN runs.started_at IS 'Begin van de verwerking, als moment (UTC).';
COMMENT ON COLUMN runs.finished_at IS 'Einde van de verwerking, als moment (UTC); leeg als die niet is afgerond.';
COMMENT ON COLUMN runs.started_local IS 'Begin van de verwerking op de klok in Nederland.';
COMMENT ON COLUMN runs.finished_local IS 'Einde van de verwerking op de klok in Nederland; leeg als die niet is afgerond.';
COMMENT ON COLUMN runs.recordings_found IS 'Aantal opnamen dat is gevonden.';
COMMENT ON COLUMN runs.recordings_skipped IS 'Aantal opnamen dat al eerder was verwerkt.';
COMMENT ON COLUMN runs.audio_ms IS 'Hoeveel geluid is verwerkt, in milliseconden.';
COMMENT ON COLUMN runs.wall_ms IS 'Hoe lang het verwerken duurde, in milliseconden op de klok.';

CREATE TABLE run_calls (run_id VARCHAR NOT NULL, call_id VARCHAR NOT NULL);
COMMENT ON TABLE run_calls IS 'Welke gesprekken in welke verwerking zijn geladen.';
COMMENT ON COLUMN run_calls.run_id IS 'De verwerking; zie runs.';
COMMENT ON COLUMN run_calls.call_id IS 'Het gesprek; zie calls.';

CREATE TABLE run_failures (
    run_id VARCHAR NOT NULL,
    recording_ref VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    retryable BOOLEAN NOT NULL
);
COMMENT ON TABLE run_failures IS 'Wat er in welke verwerking misging. Blijft staan, ook als het later wel lukt.';
COMMENT ON COLUMN run_failures.run_id IS 'De verwerking; zie runs.';
COMMENT ON COLUMN run_failures.recording_ref IS 'Schuilnaam van de opname.';
COMMENT ON COLUMN run_failures.stage IS 'Stap waarin het misging.';
COMMENT ON COLUMN run_failures.kind IS 'Waarom het misging; zie failure_kinds.';
COMMENT ON COLUMN run_failures.retryable IS 'Of opnieuw proberen zin had.';

CREATE TABLE topics (
    topic VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    domain VARCHAR NOT NULL,
    domain_label VARCHAR NOT NULL,
    sensitive BOOLEAN NOT NULL,
    deprecated BOOLEAN NOT NULL
);
COMMENT ON TABLE topics IS 'De onderwerpen waarover inwoners bellen, met hun Nederlandse naam.';
COMMENT ON COLUMN topics.topic IS 'Vaste code van het onderwerp.';
COMMENT ON COLUMN topics.label IS 'Naam van het onderwerp.';
COMMENT ON COLUMN topics.domain IS 'Vaste code van het vakgebied.';
COMMENT ON COLUMN topics.domain_label IS 'Naam van het vakgebied.';
COMMENT ON COLUMN topics.sensitive IS 'Of gesprekken hierover vanzelf vertrouwelijk zijn.';
COMMENT ON COLUMN topics.deprecated IS 'Of het onderwerp niet meer wordt gebruikt; oude gesprekken houden het.';

CREATE TABLE facets (
    topic VARCHAR NOT NULL,
    facet VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    section VARCHAR NOT NULL,
    preventable VARCHAR NOT NULL,
    deprecated BOOLEAN NOT NULL
);
COMMENT ON TABLE facets IS 'De specifieke vragen: algemene, die bij elk onderwerp passen, en eigen vragen van één onderwerp.';
COMMENT ON COLUMN facets.topic IS 'Het onderwerp waar de vraag bij hoort; * voor een algemene vraag.';
COMMENT ON COLUMN facets.facet IS 'Vaste code van de specifieke vraag.';
COMMENT ON COLUMN facets.label IS 'De specifieke vraag in gewone woorden.';
COMMENT ON COLUMN facets.section IS 'Het deel van het kennisartikel dat het antwoord had moeten geven.';
COMMENT ON COLUMN facets.preventable IS 'Of een betere brief, pagina of werkwijze zo''n gesprek meestal voorkomt: likely, depends of unlikely. Een vuistregel, geen oordeel.';
COMMENT ON COLUMN facets.deprecated IS 'Of de vraag niet meer wordt gebruikt; oude gesprekken houden haar.';

CREATE TABLE need_kinds (need VARCHAR NOT NULL, label VARCHAR NOT NULL, deprecated BOOLEAN NOT NULL);
COMMENT ON TABLE need_kinds IS 'De behoeften die achter een vraag kunnen zitten, met hun Nederlandse naam.';
COMMENT ON COLUMN need_kinds.need IS 'Vaste code van de behoefte.';
COMMENT ON COLUMN need_kinds.label IS 'De behoefte in gewone woorden.';
COMMENT ON COLUMN need_kinds.deprecated IS 'Of de behoefte niet meer wordt gebruikt; oude gesprekken houden haar.';

CREATE TABLE outcome_kinds (
    outcome VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    first_contact VARCHAR NOT NULL,
    deprecated BOOLEAN NOT NULL
);
COMMENT ON TABLE outcome_kinds IS 'De manieren waarop een gesprek kan aflopen, met hun Nederlandse naam.';
COMMENT ON COLUMN outcome_kinds.outcome IS 'Vaste code van de afloop.';
COMMENT ON COLUMN outcome_kinds.label IS 'De afloop in gewone woorden.';
COMMENT ON COLUMN outcome_kinds.first_contact IS 'Hoe de afloop telt bij opgelost in één keer: solved, not-solved of excluded (telt niet mee).';
COMMENT ON COLUMN outcome_kinds.deprecated IS 'Of de afloop niet meer wordt gebruikt; oude gesprekken houden hem.';

CREATE TABLE signal_kinds (
    kind VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    party VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    deprecated BOOLEAN NOT NULL
);
COMMENT ON TABLE signal_kinds IS 'De soorten signalen, met hun Nederlandse naam.';
COMMENT ON COLUMN signal_kinds.kind IS 'Vaste code van het signaal.';
COMMENT ON COLUMN signal_kinds.label IS 'Het signaal in gewone woorden.';
COMMENT ON COLUMN signal_kinds.party IS 'Uit wiens woorden het signaal blijkt: caller (beller), agent (gemeente) of both (beide).';
COMMENT ON COLUMN signal_kinds.severity IS 'Hoe snel een mens moet kijken: info, human-review, same-day of immediate.';
COMMENT ON COLUMN signal_kinds.deprecated IS 'Of het signaal niet meer wordt gebruikt; oude gesprekken houden het.';

CREATE TABLE failure_kinds (kind VARCHAR NOT NULL, label VARCHAR NOT NULL);
COMMENT ON TABLE failure_kinds IS 'De redenen waarom een opname terzijde wordt gelegd, met hun Nederlandse naam.';
COMMENT ON COLUMN failure_kinds.kind IS 'Vaste code van de reden.';
COMMENT ON COLUMN failure_kinds.label IS 'De reden in gewone woorden.';

CREATE TABLE calendar (
    local_date DATE NOT NULL,
    week_start DATE NOT NULL,
    iso_week VARCHAR NOT NULL,
    weekday INTEGER NOT NULL,
    weekday_label VARCHAR NOT NULL,
    holiday VARCHAR,
    working_day BOOLEAN NOT NULL
);
COMMENT ON TABLE calendar IS 'De kalender van 2015 tot en met 2045, met de Nederlandse feestdagen.';
COMMENT ON COLUMN calendar.local_date IS 'De dag.';
COMMENT ON COLUMN calendar.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN calendar.iso_week IS 'Weeknummer volgens ISO 8601, bijvoorbeeld 2026-W36.';
COMMENT ON COLUMN calendar.weekday IS 'Dag van de week: 1 is maandag, 7 is zondag.';
COMMENT ON COLUMN calendar.weekday_label IS 'Naam van de dag.';
COMMENT ON COLUMN calendar.holiday IS 'Naam van de feestdag; leeg op gewone dagen.';
COMMENT ON COLUMN calendar.working_day IS 'Maandag tot en met vrijdag, behalve op feestdagen waarop gemeenten gewoonlijk dicht zijn. Goede Vrijdag telt als werkdag, Bevrijdingsdag alleen eens in de vijf jaar als vrije dag.';
