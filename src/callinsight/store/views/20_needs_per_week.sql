-- How many calls held each need, per week.
-- Counts a call once for every need heard in it, whatever the question. A call with no need that was clear does not count.
CREATE VIEW needs_per_week AS
SELECT
    strftime(s.week_start, '%G-W%V') AS iso_week,
    s.week_start,
    s.need,
    coalesce(k.label, s.need) AS need_label,
    s.calls
FROM week_needs s
LEFT JOIN need_kinds k USING (need);

COMMENT ON VIEW needs_per_week IS 'Hoeveel gesprekken per week elke behoefte achter de vraag lieten horen.';
COMMENT ON COLUMN needs_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN needs_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN needs_per_week.need IS 'Vaste code van de behoefte.';
COMMENT ON COLUMN needs_per_week.need_label IS 'De behoefte in gewone woorden.';
COMMENT ON COLUMN needs_per_week.calls IS 'Aantal gesprekken met deze behoefte. Een gesprek met twee behoeften telt bij allebei mee.';
