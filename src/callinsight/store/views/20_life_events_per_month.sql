-- Calls in which topics of one life event come together, such as moving house, waste and parking, per month.
-- Counts a call once for every life event of which at least two different topics were heard in it. A topic may belong to
-- several life events, so one call may count for more than one. That topics come together does not prove that the event
-- took place: nobody was asked. Deprecated life events do not count.
CREATE VIEW life_events_per_month AS
SELECT
    s.month_start,
    s.event,
    coalesce(e.label, s.event) AS event_label,
    s.calls,
    round(s.topics / s.calls, 1) AS topics_per_call
FROM month_life_events s
LEFT JOIN life_events e USING (event);

COMMENT ON VIEW life_events_per_month IS 'In hoeveel gesprekken per maand onderwerpen van één levensgebeurtenis samenkwamen, zoals verhuizen.';
COMMENT ON COLUMN life_events_per_month.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN life_events_per_month.event IS 'Vaste code van de levensgebeurtenis.';
COMMENT ON COLUMN life_events_per_month.event_label IS 'Naam van de levensgebeurtenis.';
COMMENT ON COLUMN life_events_per_month.calls IS 'Aantal gesprekken met minstens twee onderwerpen van deze gebeurtenis.';
COMMENT ON COLUMN life_events_per_month.topics_per_call IS 'Gemiddeld aantal van die onderwerpen per gesprek.';
