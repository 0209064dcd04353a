-- By which version the tags of a call were given, what earlier versions said, and candidates for new topics.
--
-- tag_version, retagged_at and tags_before follow from the result files. The tables of candidates follow from files of
-- their own beside the results, which name turns of calls and hold no text of them; a call that is erased leaves them.

ALTER TABLE calls ADD COLUMN tag_version VARCHAR;
ALTER TABLE calls ADD COLUMN retagged_at TIMESTAMPTZ;
COMMENT ON COLUMN calls.tag_version IS 'Versie waarmee de labels zijn gegeven: onderwerpenlijst, regels en model samen. Leeg bij gesprekken van voor deze kolom.';
COMMENT ON COLUMN calls.retagged_at IS 'Wanneer het gesprek andere labels kreeg dan het eerst had (UTC); leeg als het de eerste labels zijn.';

CREATE TABLE tags_before (
    call_id VARCHAR NOT NULL,
    version_no INTEGER NOT NULL,
    tag_version VARCHAR NOT NULL,
    taxonomy_version VARCHAR NOT NULL,
    until TIMESTAMPTZ NOT NULL,
    about VARCHAR NOT NULL,
    tag VARCHAR NOT NULL,
    facet VARCHAR,
    local_date DATE
);
COMMENT ON TABLE tags_before IS 'Eén rij per label dat een gesprek eerder had, voordat het opnieuw werd gelabeld. Zo zijn oud en nieuw te vergelijken.';
COMMENT ON COLUMN tags_before.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN tags_before.version_no IS 'Hoeveelste reeks labels van dit gesprek, vanaf 0; de oudste eerst.';
COMMENT ON COLUMN tags_before.tag_version IS 'Versie waarmee deze labels waren gegeven; leeg als die niet is bewaard.';
COMMENT ON COLUMN tags_before.taxonomy_version IS 'Versie van de onderwerpenlijst waarmee deze labels waren gegeven.';
COMMENT ON COLUMN tags_before.until IS 'Wanneer andere labels ervoor in de plaats kwamen (UTC).';
COMMENT ON COLUMN tags_before.about IS 'Soort label: question (vraag), need (behoefte), outcome (afloop) of signal (signaal).';
COMMENT ON COLUMN tags_before.tag IS 'Vaste code van het onderwerp, de behoefte, de afloop of het signaal.';
COMMENT ON COLUMN tags_before.facet IS 'Specifieke vraag bij een onderwerp; leeg als die niet duidelijk was.';
COMMENT ON COLUMN tags_before.local_date IS 'Datum van het gesprek in Nederland, zoals in calls.';

CREATE TABLE topic_candidates (
    candidate_id VARCHAR NOT NULL,
    topic VARCHAR,
    terms VARCHAR NOT NULL,
    found_on DATE NOT NULL,
    calls INTEGER NOT NULL,
    last_week DATE,
    last_calls INTEGER NOT NULL,
    expected DOUBLE,
    expected_low DOUBLE,
    expected_high DOUBLE,
    trend VARCHAR NOT NULL,
    verdict VARCHAR,
    belongs_to VARCHAR
);
COMMENT ON TABLE topic_candidates IS 'Eén rij per mogelijk nieuw onderwerp, of nieuwe vraag binnen een onderwerp: gesprekken die op elkaar lijken en nergens bij passen. Een voorstel van de computer, geen vaststelling.';
COMMENT ON COLUMN topic_candidates.candidate_id IS 'Vast kenmerk van de kandidaat; blijft hetzelfde van week tot week.';
COMMENT ON COLUMN topic_candidates.topic IS 'Onderwerp waarbinnen de vraag nieuw is; leeg als het om een nieuw onderwerp gaat.';
COMMENT ON COLUMN topic_candidates.terms IS 'Woorden die deze gesprekken van andere onderscheiden.';
COMMENT ON COLUMN topic_candidates.found_on IS 'Dag waarop de kandidaat voor het eerst is gevonden.';
COMMENT ON COLUMN topic_candidates.calls IS 'Aantal gesprekken toen voor het laatst is gezocht.';
COMMENT ON COLUMN topic_candidates.last_week IS 'Maandag van de laatste hele week; leeg als er nog geen hele week was.';
COMMENT ON COLUMN topic_candidates.last_calls IS 'Aantal gesprekken in die week.';
COMMENT ON COLUMN topic_candidates.expected IS 'Verwacht aantal in die week, gezien de weken ervoor en het aantal werkdagen.';
COMMENT ON COLUMN topic_candidates.expected_low IS 'Ondergrens van wat nog toeval kan zijn (99 procent).';
COMMENT ON COLUMN topic_candidates.expected_high IS 'Bovengrens van wat nog toeval kan zijn (99 procent).';
COMMENT ON COLUMN topic_candidates.trend IS 'Conclusie: stijgt, daalt, geen verandering of te weinig weken.';
COMMENT ON COLUMN topic_candidates.verdict IS 'Wat het overleg besloot: becomes-topic (wordt onderwerp), belongs-to (hoort bij een onderwerp) of nothing (niets); leeg zolang er niets is besloten.';
COMMENT ON COLUMN topic_candidates.belongs_to IS 'Onderwerp waar de gesprekken bij horen; alleen bij belongs-to.';

CREATE TABLE topic_candidate_calls (
    candidate_id VARCHAR NOT NULL,
    call_id VARCHAR NOT NULL,
    turn_no INTEGER NOT NULL,
    example_no INTEGER NOT NULL
);
COMMENT ON TABLE topic_candidate_calls IS 'Welke gesprekken bij een kandidaat horen, met de beurt waarin de vraag staat.';
COMMENT ON COLUMN topic_candidate_calls.candidate_id IS 'De kandidaat; zie topic_candidates.';
COMMENT ON COLUMN topic_candidate_calls.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN topic_candidate_calls.turn_no IS 'De beurt; zie turns.';
COMMENT ON COLUMN topic_candidate_calls.example_no IS 'Plaats onder de duidelijkste voorbeelden, vanaf 1; 0 als het geen voorbeeld is.';
