-- Whether each improvement helped: calls after it beside what was to be expected without it.
-- The figures are worked out by core/effects.py, which names the method and its sources: an interrupted time series over
-- whole weeks, with all other calls as a control, an interval of 95 % that copes with small counts, and "te vroeg om te
-- zeggen" when a halving could not have been seen. With fewer than eight weeks before, the two sums are compared exactly, and
-- "geen verschil" is said only when a halving and a doubling are ruled out. Counts a call once when any of the named questions was heard in it.
-- A fall after a peak that would have passed anyhow counts as the improvement's; with other improvements for the same
-- questions (others) nobody can tell which of them it was.
CREATE VIEW action_effect AS
WITH named AS (
    SELECT
        t.action_id,
        string_agg(coalesce(p.label, t.topic) || coalesce(' - ' || coalesce(own.label, generic.label, t.facet), ''), '; '
            ORDER BY t.topic, t.facet) AS questions
    FROM action_targets t
    LEFT JOIN topics p ON p.topic = t.topic
    LEFT JOIN facets own ON own.topic = t.topic AND own.facet = t.facet
    LEFT JOIN facets generic ON generic.topic = '*' AND generic.facet = t.facet
    GROUP BY t.action_id
)
SELECT
    a.action_id,
    a.title,
    a.kind,
    CASE a.kind WHEN 'letter' THEN 'Brief' WHEN 'page' THEN 'Webpagina' WHEN 'process' THEN 'Werkwijze' ELSE 'Anders' END
        AS kind_label,
    a.owner,
    a.effective_on,
    coalesce(n.questions, '') AS questions,
    e.weeks_before,
    e.weeks_after,
    e.last_week,
    e.calls_before,
    e.calls_after,
    round(e.expected, 1) AS expected,
    e.expected_low,
    e.expected_high,
    round(e.prevented, 1) AS prevented,
    e.prevented_low,
    e.prevented_high,
    coalesce(e.verdict, 'te vroeg om te zeggen') AS verdict,
    CASE
        WHEN e.verdict IN ('minder', 'meer', 'geen verschil') THEN
            format('In {} weken {} {}; zonder verbetering waren er {:.0f} te verwachten ({:.0f} tot {:.0f}).',
                e.weeks_after, e.calls_after, if(e.calls_after = 1, 'gesprek', 'gesprekken'), e.expected, e.expected_low, e.expected_high)
        ELSE 'Te vroeg: ' || coalesce(e.reason, 'nog niet berekend') || '.'
    END
    || CASE WHEN e.others > 0 THEN ' Let op: er was ook een andere verbetering voor deze vragen.' ELSE '' END AS explanation,
    coalesce(e.compared_with, 'overige gesprekken') AS compared_with,
    coalesce(e.others, 0) AS others
FROM actions a
LEFT JOIN named n USING (action_id)
LEFT JOIN action_effects e USING (action_id);

COMMENT ON VIEW action_effect IS 'Of elke verbetering heeft geholpen: het aantal gesprekken erna naast wat te verwachten was zonder verbetering.';
COMMENT ON COLUMN action_effect.action_id IS 'Kenmerk van de verbetering.';
COMMENT ON COLUMN action_effect.title IS 'Wat er is verbeterd.';
COMMENT ON COLUMN action_effect.kind IS 'Soort verbetering: letter, page, process of other.';
COMMENT ON COLUMN action_effect.kind_label IS 'Soort verbetering in gewone woorden.';
COMMENT ON COLUMN action_effect.owner IS 'Rol of team dat ervoor zorgt.';
COMMENT ON COLUMN action_effect.effective_on IS 'Dag waarop de verbetering inging.';
COMMENT ON COLUMN action_effect.questions IS 'Vragen die minder moeten voorkomen.';
COMMENT ON COLUMN action_effect.weeks_before IS 'Aantal hele weken ervoor dat is gebruikt, hoogstens 26.';
COMMENT ON COLUMN action_effect.weeks_after IS 'Aantal hele weken erna dat is gebruikt, hoogstens 26.';
COMMENT ON COLUMN action_effect.last_week IS 'Maandag van de laatste week die meetelt.';
COMMENT ON COLUMN action_effect.calls_before IS 'Aantal gesprekken met deze vragen in de weken ervoor.';
COMMENT ON COLUMN action_effect.calls_after IS 'Aantal gesprekken met deze vragen in de weken erna.';
COMMENT ON COLUMN action_effect.expected IS 'Aantal gesprekken dat in de weken erna te verwachten was zonder verbetering.';
COMMENT ON COLUMN action_effect.expected_low IS 'Ondergrens van wat zonder verbetering nog gewoon was geweest (95 procent).';
COMMENT ON COLUMN action_effect.expected_high IS 'Bovengrens van wat zonder verbetering nog gewoon was geweest (95 procent).';
COMMENT ON COLUMN action_effect.prevented IS 'Aantal voorkomen gesprekken: verwacht min gebeld. Onder nul zijn het er meer dan verwacht.';
COMMENT ON COLUMN action_effect.prevented_low IS 'Ondergrens van het aantal voorkomen gesprekken (95 procent).';
COMMENT ON COLUMN action_effect.prevented_high IS 'Bovengrens van het aantal voorkomen gesprekken (95 procent).';
COMMENT ON COLUMN action_effect.verdict IS 'Conclusie: minder, geen verschil, meer of te vroeg om te zeggen. Voor managers ook niet te tonen, als er kleine aantallen bij zijn.';
COMMENT ON COLUMN action_effect.explanation IS 'De conclusie in een zin, met de aantallen of de reden waarom die er niet is.';
COMMENT ON COLUMN action_effect.compared_with IS 'Waarmee drukte is weggerekend: overige gesprekken of werkdagen.';
COMMENT ON COLUMN action_effect.others IS 'Aantal andere verbeteringen voor dezelfde vragen in dezelfde periode.';
