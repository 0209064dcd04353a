-- Counts per week and per month, and signals with their quotes, that are kept beside the calls, so that no view has to count ten years of calls again.
--
-- Each table below is filled by the file of the same name in summaries/, which says what it counts; store/summaries.py
-- makes anew the weeks and months that a load touches, in the same transaction. They hold ids and no labels, so that
-- other labels need no new counts.
--
-- Every table of facts now tells the day of its call. Rows lie about in the order of days, so DuckDB skips nearly all of
-- them when a day or a week is asked for. The columns may be empty for DuckDB alone: it cannot refuse NULL in a column
-- that is filled in the same transaction. checks/ guards them.

ALTER TABLE questions ADD COLUMN local_date DATE;
UPDATE questions SET local_date = c.local_date FROM calls c WHERE c.call_id = questions.call_id;
COMMENT ON COLUMN questions.local_date IS 'Datum van het gesprek in Nederland, zoals in calls.';

ALTER TABLE needs ADD COLUMN local_date DATE;
UPDATE needs SET local_date = c.local_date FROM calls c WHERE c.call_id = needs.call_id;
COMMENT ON COLUMN needs.local_date IS 'Datum van het gesprek in Nederland, zoals in calls.';

ALTER TABLE signals ADD COLUMN local_date DATE;
UPDATE signals SET local_date = c.local_date FROM calls c WHERE c.call_id = signals.call_id;
COMMENT ON COLUMN signals.local_date IS 'Datum van het gesprek in Nederland, zoals in calls.';

ALTER TABLE measures ADD COLUMN local_date DATE;
UPDATE measures SET local_date = c.local_date FROM calls c WHERE c.call_id = measures.call_id;
COMMENT ON COLUMN measures.local_date IS 'Datum van het gesprek in Nederland, zoals in calls.';

ALTER TABLE turns ADD COLUMN local_date DATE;
UPDATE turns SET local_date = c.local_date FROM calls c WHERE c.call_id = turns.call_id;
COMMENT ON COLUMN turns.local_date IS 'Datum van het gesprek in Nederland, zoals in calls.';

ALTER TABLE redactions ADD COLUMN local_date DATE;
UPDATE redactions SET local_date = c.local_date FROM calls c WHERE c.call_id = redactions.call_id;
COMMENT ON COLUMN redactions.local_date IS 'Datum van het gesprek in Nederland, zoals in calls.';

CREATE TABLE stale_days (local_date DATE NOT NULL);
COMMENT ON TABLE stale_days IS 'Dagen waarvan de tellingen per week en maand nog moeten worden bijgewerkt. Leeg, behalve tijdens het laden van veel gesprekken.';
COMMENT ON COLUMN stale_days.local_date IS 'De dag.';
INSERT INTO stale_days SELECT DISTINCT local_date FROM calls;

CREATE TABLE week_calls (
    week_start DATE NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE week_calls IS 'Telling per week: gesprekken, en de eerste en laatste dag ervan.';
COMMENT ON COLUMN week_calls.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_calls.first_day IS 'Eerste dag van de week met gesprekken.';
COMMENT ON COLUMN week_calls.last_day IS 'Laatste dag van de week met gesprekken.';
COMMENT ON COLUMN week_calls.calls IS 'Aantal gesprekken.';

CREATE TABLE week_hours (
    week_start DATE NOT NULL,
    local_date DATE NOT NULL,
    local_hour INTEGER NOT NULL,
    queue VARCHAR NOT NULL,
    calls BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL
);
COMMENT ON TABLE week_hours IS 'Telling per dag, uur en wachtrij. Lees liever calls_per_hour.';
COMMENT ON COLUMN week_hours.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_hours.local_date IS 'De dag.';
COMMENT ON COLUMN week_hours.local_hour IS 'Uur van de dag, 0 tot en met 23.';
COMMENT ON COLUMN week_hours.queue IS 'Wachtrij van de gesprekken.';
COMMENT ON COLUMN week_hours.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN week_hours.duration_ms IS 'Duur van de opnamen samen, in milliseconden.';

CREATE TABLE week_questions (
    week_start DATE NOT NULL,
    topic VARCHAR NOT NULL,
    facet VARCHAR,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE week_questions IS 'Telling per week, onderwerp en specifieke vraag. Lees liever questions_per_week, daar staan de namen bij.';
COMMENT ON COLUMN week_questions.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_questions.topic IS 'Onderwerp; zie topics.';
COMMENT ON COLUMN week_questions.facet IS 'Specifieke vraag; zie facets. Leeg als die niet duidelijk was.';
COMMENT ON COLUMN week_questions.calls IS 'Aantal gesprekken.';

CREATE TABLE week_topics (
    week_start DATE NOT NULL,
    topic VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE week_topics IS 'Telling per week en onderwerp. Lees liever topics_per_week, daar staan de namen bij.';
COMMENT ON COLUMN week_topics.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_topics.topic IS 'Onderwerp; zie topics.';
COMMENT ON COLUMN week_topics.calls IS 'Aantal gesprekken.';

CREATE TABLE week_needs (
    week_start DATE NOT NULL,
    need VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE week_needs IS 'Telling per week en behoefte. Lees liever needs_per_week, daar staan de namen bij.';
COMMENT ON COLUMN week_needs.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_needs.need IS 'Behoefte; zie need_kinds.';
COMMENT ON COLUMN week_needs.calls IS 'Aantal gesprekken.';

CREATE TABLE week_signals (
    week_start DATE NOT NULL,
    kind VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE week_signals IS 'Telling per week en soort signaal. Lees liever signals_per_week, daar staan de namen bij.';
COMMENT ON COLUMN week_signals.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_signals.kind IS 'Soort signaal; zie signal_kinds.';
COMMENT ON COLUMN week_signals.calls IS 'Aantal gesprekken.';

CREATE TABLE week_outcomes (
    week_start DATE NOT NULL,
    outcome VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE week_outcomes IS 'Telling per week en afloop. Lees liever outcomes_per_week, daar staan de namen bij.';
COMMENT ON COLUMN week_outcomes.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_outcomes.outcome IS 'Afloop; zie outcome_kinds.';
COMMENT ON COLUMN week_outcomes.calls IS 'Aantal gesprekken.';

CREATE TABLE week_recognition (
    week_start DATE NOT NULL,
    calls BIGINT NOT NULL,
    words BIGINT NOT NULL,
    word_probability DECIMAL(38, 9) NOT NULL,
    loops_redecoded BIGINT NOT NULL,
    loops_dropped BIGINT NOT NULL,
    phantoms_dropped BIGINT NOT NULL
);
COMMENT ON TABLE week_recognition IS 'Telling per week van de spraakherkenning. Lees liever recognition_per_week.';
COMMENT ON COLUMN week_recognition.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_recognition.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN week_recognition.words IS 'Aantal herkende woorden.';
COMMENT ON COLUMN week_recognition.word_probability IS 'Zekerheid van alle woorden bij elkaar opgeteld.';
COMMENT ON COLUMN week_recognition.loops_redecoded IS 'Hoe vaak een passage opnieuw is herkend omdat de herkenning bleef hangen.';
COMMENT ON COLUMN week_recognition.loops_dropped IS 'Hoe vaak een passage is weggelaten omdat de herkenning bleef hangen.';
COMMENT ON COLUMN week_recognition.phantoms_dropped IS 'Aantal weggelaten zinnen die niemand heeft gezegd.';

CREATE TABLE week_tagging (
    week_start DATE NOT NULL,
    calls BIGINT NOT NULL,
    unknown_calls BIGINT NOT NULL,
    questions BIGINT NOT NULL,
    unclear_questions BIGINT NOT NULL,
    score DECIMAL(38, 9)
);
COMMENT ON TABLE week_tagging IS 'Telling per week van hoe zeker het model was. Lees liever tagging_per_week.';
COMMENT ON COLUMN week_tagging.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_tagging.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN week_tagging.unknown_calls IS 'Aantal gesprekken waarvan geen onderwerp duidelijk was.';
COMMENT ON COLUMN week_tagging.questions IS 'Aantal vragen met een bekend onderwerp.';
COMMENT ON COLUMN week_tagging.unclear_questions IS 'Aantal daarvan waarvan de specifieke vraag niet duidelijk was.';
COMMENT ON COLUMN week_tagging.score IS 'Zekerheid van deze vragen bij elkaar opgeteld; leeg als er geen vragen zijn.';

CREATE TABLE week_promises (
    week_start DATE NOT NULL,
    promises BIGINT NOT NULL,
    with_term BIGINT NOT NULL,
    without_term BIGINT NOT NULL,
    without_request BIGINT NOT NULL,
    callbacks BIGINT NOT NULL,
    broken BIGINT NOT NULL
);
COMMENT ON TABLE week_promises IS 'Telling per week van toezeggingen en contactverzoeken. Lees liever promises_per_week.';
COMMENT ON COLUMN week_promises.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_promises.promises IS 'Aantal gesprekken met een toezegging.';
COMMENT ON COLUMN week_promises.with_term IS 'Aantal daarvan met bij elke toezegging een termijn.';
COMMENT ON COLUMN week_promises.without_term IS 'Aantal daarvan met een toezegging zonder termijn.';
COMMENT ON COLUMN week_promises.without_request IS 'Aantal gesprekken met een toezegging waarbij geen contactverzoek is gemaakt.';
COMMENT ON COLUMN week_promises.callbacks IS 'Aantal gesprekken waarin een contactverzoek is gemaakt.';
COMMENT ON COLUMN week_promises.broken IS 'Aantal gesprekken waarin de beller zegt dat een belofte om terug te bellen niet is nagekomen.';

CREATE TABLE week_registered (
    week_start DATE NOT NULL,
    registered_topic VARCHAR NOT NULL,
    heard_topic VARCHAR NOT NULL,
    agrees BOOLEAN NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE week_registered IS 'Telling per week van het geregistreerde naast het gehoorde onderwerp. Lees liever registered_vs_heard.';
COMMENT ON COLUMN week_registered.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_registered.registered_topic IS 'Onderwerp dat is geregistreerd; zie topics.';
COMMENT ON COLUMN week_registered.heard_topic IS 'Eerste onderwerp dat is gehoord; zie topics.';
COMMENT ON COLUMN week_registered.agrees IS 'Of het geregistreerde onderwerp in het gesprek is gehoord.';
COMMENT ON COLUMN week_registered.calls IS 'Aantal gesprekken.';

CREATE TABLE week_actions (
    week_start DATE NOT NULL,
    action_id VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE week_actions IS 'Telling per week van de gesprekken waar een verbetering over gaat.';
COMMENT ON COLUMN week_actions.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN week_actions.action_id IS 'De verbetering; zie actions.';
COMMENT ON COLUMN week_actions.calls IS 'Aantal gesprekken.';

CREATE TABLE month_outcomes (
    month_start DATE NOT NULL,
    outcome VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE month_outcomes IS 'Telling per maand en afloop. Lees liever first_contact_per_month.';
COMMENT ON COLUMN month_outcomes.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN month_outcomes.outcome IS 'Afloop; zie outcome_kinds.';
COMMENT ON COLUMN month_outcomes.calls IS 'Aantal gesprekken.';

CREATE TABLE month_topic_needs (
    month_start DATE NOT NULL,
    topic VARCHAR NOT NULL,
    need VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE month_topic_needs IS 'Telling per maand, onderwerp en behoefte. Lees liever needs_per_topic, daar staan de namen bij.';
COMMENT ON COLUMN month_topic_needs.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN month_topic_needs.topic IS 'Onderwerp; zie topics.';
COMMENT ON COLUMN month_topic_needs.need IS 'Behoefte; zie need_kinds.';
COMMENT ON COLUMN month_topic_needs.calls IS 'Aantal gesprekken.';

CREATE TABLE month_need_pairs (
    month_start DATE NOT NULL,
    need_a VARCHAR NOT NULL,
    need_b VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE month_need_pairs IS 'Telling per maand van twee behoeften in één gesprek. Lees liever needs_together, daar staan de namen bij.';
COMMENT ON COLUMN month_need_pairs.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN month_need_pairs.need_a IS 'De ene behoefte; zie need_kinds.';
COMMENT ON COLUMN month_need_pairs.need_b IS 'De andere behoefte; zie need_kinds.';
COMMENT ON COLUMN month_need_pairs.calls IS 'Aantal gesprekken.';

CREATE TABLE month_topic_pairs (
    month_start DATE NOT NULL,
    topic_a VARCHAR NOT NULL,
    topic_b VARCHAR NOT NULL,
    calls BIGINT NOT NULL
);
COMMENT ON TABLE month_topic_pairs IS 'Telling per maand van twee onderwerpen in één gesprek. Lees liever topics_together, daar staan de namen bij.';
COMMENT ON COLUMN month_topic_pairs.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN month_topic_pairs.topic_a IS 'Het ene onderwerp; zie topics.';
COMMENT ON COLUMN month_topic_pairs.topic_b IS 'Het andere onderwerp; zie topics.';
COMMENT ON COLUMN month_topic_pairs.calls IS 'Aantal gesprekken.';

CREATE TABLE month_life_events (
    month_start DATE NOT NULL,
    event VARCHAR NOT NULL,
    calls BIGINT NOT NULL,
    topics BIGINT NOT NULL
);
COMMENT ON TABLE month_life_events IS 'Telling per maand en levensgebeurtenis. Lees liever life_events_per_month, daar staan de namen bij.';
COMMENT ON COLUMN month_life_events.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN month_life_events.event IS 'Levensgebeurtenis; zie life_events.';
COMMENT ON COLUMN month_life_events.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN month_life_events.topics IS 'Aantal onderwerpen in die gesprekken samen.';

CREATE TABLE month_problems (
    month_start DATE NOT NULL,
    calls BIGINT NOT NULL,
    two_topics BIGINT NOT NULL,
    three_topics BIGINT NOT NULL,
    two_domains BIGINT NOT NULL,
    flagged BIGINT NOT NULL
);
COMMENT ON TABLE month_problems IS 'Telling per maand van gesprekken met meer onderwerpen. Lees liever several_problems_per_month.';
COMMENT ON COLUMN month_problems.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN month_problems.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN month_problems.two_topics IS 'Aantal gesprekken over twee of meer onderwerpen.';
COMMENT ON COLUMN month_problems.three_topics IS 'Aantal gesprekken over drie of meer onderwerpen.';
COMMENT ON COLUMN month_problems.two_domains IS 'Aantal gesprekken over onderwerpen uit twee of meer vakgebieden.';
COMMENT ON COLUMN month_problems.flagged IS 'Aantal gesprekken met het signaal dat er meer problemen tegelijk zijn.';

CREATE TABLE day_flags (
    local_date DATE NOT NULL,
    iso_week VARCHAR NOT NULL,
    started_local TIMESTAMP NOT NULL,
    call_id VARCHAR NOT NULL,
    signal_no INTEGER NOT NULL,
    queue VARCHAR NOT NULL,
    topics VARCHAR[] NOT NULL,
    kind VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    quote VARCHAR NOT NULL
);
COMMENT ON TABLE day_flags IS 'Eén rij per signaal met de woorden erbij. Lees liever flagged_calls, daar staan de namen bij.';
COMMENT ON COLUMN day_flags.local_date IS 'Datum van het gesprek in Nederland.';
COMMENT ON COLUMN day_flags.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN day_flags.started_local IS 'Begin van het gesprek op de klok in Nederland.';
COMMENT ON COLUMN day_flags.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN day_flags.signal_no IS 'Volgnummer van het signaal binnen het gesprek, vanaf 0.';
COMMENT ON COLUMN day_flags.queue IS 'Wachtrij van het gesprek.';
COMMENT ON COLUMN day_flags.topics IS 'Onderwerpen van het gesprek; zie topics.';
COMMENT ON COLUMN day_flags.kind IS 'Soort signaal; zie signal_kinds.';
COMMENT ON COLUMN day_flags.severity IS 'Hoe snel een mens moet kijken: info, human-review, same-day of immediate.';
COMMENT ON COLUMN day_flags.source IS 'Waar het signaal vandaan komt: rule (vaste regel) of model.';
COMMENT ON COLUMN day_flags.score IS 'Hoe zeker het signaal is, van 0 tot 1.';
COMMENT ON COLUMN day_flags.start_ms IS 'Begin van de passage, in milliseconden vanaf het begin van de opname.';
COMMENT ON COLUMN day_flags.end_ms IS 'Einde van de passage, in milliseconden vanaf het begin van de opname.';
COMMENT ON COLUMN day_flags.quote IS 'De gemaskeerde woorden waaruit het signaal blijkt.';
