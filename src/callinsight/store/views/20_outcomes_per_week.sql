-- How calls ended, per week.
-- Counts every call once. first_contact says how the ending counts in first_contact_per_month.
CREATE VIEW outcomes_per_week AS
SELECT
    strftime(s.week_start, '%G-W%V') AS iso_week,
    s.week_start,
    s.outcome,
    coalesce(k.label, s.outcome) AS outcome_label,
    coalesce(k.first_contact, 'excluded') AS first_contact,
    s.calls
FROM week_outcomes s
LEFT JOIN outcome_kinds k USING (outcome);

COMMENT ON VIEW outcomes_per_week IS 'Hoe de gesprekken afliepen, per week.';
COMMENT ON COLUMN outcomes_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN outcomes_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN outcomes_per_week.outcome IS 'Vaste code van de afloop.';
COMMENT ON COLUMN outcomes_per_week.outcome_label IS 'De afloop in gewone woorden.';
COMMENT ON COLUMN outcomes_per_week.first_contact IS 'Hoe de afloop telt bij opgelost in één keer: solved, not-solved of excluded.';
COMMENT ON COLUMN outcomes_per_week.calls IS 'Aantal gesprekken.';
