-- What the improvement meeting decides, what came of it, and the life events of the taxonomy.
--
-- reviews, actions and action_targets follow from files of their own beside the results; action_effects is worked out
-- from the calls at every load and publication, by core/effects.py. As before, nobody is named: roles and teams only.

CREATE TABLE reviews (
    review_id VARCHAR NOT NULL,
    call_id VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    tag VARCHAR NOT NULL,
    facet VARCHAR,
    verdict VARCHAR NOT NULL,
    should_be VARCHAR,
    should_be_facet VARCHAR,
    role VARCHAR NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    decided_local TIMESTAMP NOT NULL
);
COMMENT ON TABLE reviews IS 'Eén rij per oordeel van het verbeteroverleg over wat het model van een gesprek zei. Oordelen blijven staan, ook als gesprekken opnieuw worden gelabeld.';
COMMENT ON COLUMN reviews.review_id IS 'Kenmerk van het oordeel.';
COMMENT ON COLUMN reviews.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN reviews.about IS 'Waarover het oordeel gaat: question (vraag), need (behoefte), outcome (afloop) of signal (signaal).';
COMMENT ON COLUMN reviews.tag IS 'Vaste code van wat is beoordeeld: onderwerp, behoefte, afloop of signaal.';
COMMENT ON COLUMN reviews.facet IS 'Specifieke vraag die is beoordeeld; leeg als het om het onderwerp als geheel gaat.';
COMMENT ON COLUMN reviews.verdict IS 'Het oordeel: right (klopt), wrong (klopt niet) of should-be (moet iets anders zijn).';
COMMENT ON COLUMN reviews.should_be IS 'Wat het had moeten zijn, als vaste code; alleen bij should-be.';
COMMENT ON COLUMN reviews.should_be_facet IS 'Specifieke vraag die het had moeten zijn; leeg als die niet is genoemd.';
COMMENT ON COLUMN reviews.role IS 'In welke rol het oordeel is gegeven. Nooit een naam.';
COMMENT ON COLUMN reviews.decided_at IS 'Wanneer het oordeel is gegeven, als moment (UTC).';
COMMENT ON COLUMN reviews.decided_local IS 'Wanneer het oordeel is gegeven, op de klok in Nederland.';

CREATE TABLE actions (
    action_id VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    owner VARCHAR NOT NULL,
    effective_on DATE NOT NULL
);
COMMENT ON TABLE actions IS 'Eén rij per verbetering waartoe het overleg heeft besloten, zoals een herschreven brief.';
COMMENT ON COLUMN actions.action_id IS 'Kenmerk van de verbetering.';
COMMENT ON COLUMN actions.title IS 'Wat er is verbeterd.';
COMMENT ON COLUMN actions.kind IS 'Soort verbetering: letter (brief), page (webpagina), process (werkwijze) of other (anders).';
COMMENT ON COLUMN actions.owner IS 'Rol of team dat ervoor zorgt. Nooit een naam.';
COMMENT ON COLUMN actions.effective_on IS 'Dag waarop de verbetering inging.';

CREATE TABLE action_targets (action_id VARCHAR NOT NULL, topic VARCHAR NOT NULL, facet VARCHAR);
COMMENT ON TABLE action_targets IS 'Welke vragen een verbetering moet verminderen.';
COMMENT ON COLUMN action_targets.action_id IS 'De verbetering; zie actions.';
COMMENT ON COLUMN action_targets.topic IS 'Onderwerp van de vragen; zie topics.';
COMMENT ON COLUMN action_targets.facet IS 'Specifieke vraag; leeg als het om alle vragen over het onderwerp gaat.';

CREATE TABLE action_effects (
    action_id VARCHAR NOT NULL,
    weeks_before INTEGER NOT NULL,
    weeks_after INTEGER NOT NULL,
    last_week DATE,
    calls_before INTEGER NOT NULL,
    calls_after INTEGER NOT NULL,
    expected DOUBLE,
    expected_low DOUBLE,
    expected_high DOUBLE,
    prevented DOUBLE,
    prevented_low DOUBLE,
    prevented_high DOUBLE,
    verdict VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    compared_with VARCHAR NOT NULL,
    others INTEGER NOT NULL
);
COMMENT ON TABLE action_effects IS 'Wat elke verbetering heeft gedaan met het aantal gesprekken, bij elke verwerking opnieuw berekend. Lees liever action_effect, daar staan de namen bij.';
COMMENT ON COLUMN action_effects.action_id IS 'De verbetering; zie actions.';
COMMENT ON COLUMN action_effects.weeks_before IS 'Aantal hele weken vóór de verbetering dat is gebruikt, hoogstens 26.';
COMMENT ON COLUMN action_effects.weeks_after IS 'Aantal hele weken erna dat is gebruikt, hoogstens 26.';
COMMENT ON COLUMN action_effects.last_week IS 'Maandag van de laatste week die meetelt; leeg als er nog geen week is.';
COMMENT ON COLUMN action_effects.calls_before IS 'Aantal gesprekken met deze vragen in de weken ervoor.';
COMMENT ON COLUMN action_effects.calls_after IS 'Aantal gesprekken met deze vragen in de weken erna.';
COMMENT ON COLUMN action_effects.expected IS 'Aantal gesprekken dat in de weken erna te verwachten was zonder verbetering.';
COMMENT ON COLUMN action_effects.expected_low IS 'Ondergrens van wat zonder verbetering nog gewoon was geweest (95 procent).';
COMMENT ON COLUMN action_effects.expected_high IS 'Bovengrens van wat zonder verbetering nog gewoon was geweest (95 procent).';
COMMENT ON COLUMN action_effects.prevented IS 'Aantal voorkomen gesprekken: verwacht min gebeld. Onder nul zijn het er meer dan verwacht.';
COMMENT ON COLUMN action_effects.prevented_low IS 'Ondergrens van het aantal voorkomen gesprekken (95 procent).';
COMMENT ON COLUMN action_effects.prevented_high IS 'Bovengrens van het aantal voorkomen gesprekken (95 procent).';
COMMENT ON COLUMN action_effects.verdict IS 'Conclusie: minder, geen verschil, meer of te vroeg om te zeggen.';
COMMENT ON COLUMN action_effects.reason IS 'Waarom het nog te vroeg is; leeg bij een andere conclusie.';
COMMENT ON COLUMN action_effects.compared_with IS 'Waarmee drukte is weggerekend: overige gesprekken of werkdagen.';
COMMENT ON COLUMN action_effects.others IS 'Aantal andere verbeteringen voor dezelfde vragen in dezelfde weken; dan is niet te zeggen welke het was.';

CREATE TABLE life_events (event VARCHAR NOT NULL, label VARCHAR NOT NULL, deprecated BOOLEAN NOT NULL);
COMMENT ON TABLE life_events IS 'Momenten in een leven die vragen bij elkaar brengen, zoals verhuizen of een naaste verliezen.';
COMMENT ON COLUMN life_events.event IS 'Vaste code van de levensgebeurtenis.';
COMMENT ON COLUMN life_events.label IS 'Naam van de levensgebeurtenis.';
COMMENT ON COLUMN life_events.deprecated IS 'Of de levensgebeurtenis niet meer wordt gebruikt.';

CREATE TABLE life_event_topics (event VARCHAR NOT NULL, topic VARCHAR NOT NULL, deprecated BOOLEAN NOT NULL);
COMMENT ON TABLE life_event_topics IS 'Welke onderwerpen bij een levensgebeurtenis horen.';
COMMENT ON COLUMN life_event_topics.event IS 'De levensgebeurtenis; zie life_events.';
COMMENT ON COLUMN life_event_topics.topic IS 'Het onderwerp; zie topics.';
COMMENT ON COLUMN life_event_topics.deprecated IS 'Of het onderwerp er niet meer bij hoort.';
