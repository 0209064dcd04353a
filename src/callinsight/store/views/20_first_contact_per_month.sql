-- The share of calls solved at first contact, per month.
-- solved_share = solved / (solved + not_solved), from the ending that was heard in this one call. Cut-off calls, calls for
-- another organisation and unknown endings are excluded. Whether the caller phoned again is not looked at, so do not
-- compare it with figures that do.
CREATE VIEW first_contact_per_month AS
SELECT
    s.month_start,
    CAST(coalesce(sum(s.calls) FILTER (WHERE k.first_contact = 'solved'), 0) AS BIGINT) AS solved,
    CAST(coalesce(sum(s.calls) FILTER (WHERE k.first_contact = 'not-solved'), 0) AS BIGINT) AS not_solved,
    CAST(coalesce(sum(s.calls) FILTER (WHERE coalesce(k.first_contact, 'excluded') = 'excluded'), 0) AS BIGINT) AS excluded,
    round(solved / nullif(solved + not_solved, 0), 3) AS solved_share
FROM month_outcomes s
LEFT JOIN outcome_kinds k USING (outcome)
GROUP BY s.month_start;

COMMENT ON VIEW first_contact_per_month IS 'Welk deel van de gesprekken in één keer is opgelost, per maand, afgaand op hoe het gesprek zelf afliep.';
COMMENT ON COLUMN first_contact_per_month.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN first_contact_per_month.solved IS 'Aantal gesprekken dat in één keer is opgelost.';
COMMENT ON COLUMN first_contact_per_month.not_solved IS 'Aantal gesprekken dat niet in één keer is opgelost.';
COMMENT ON COLUMN first_contact_per_month.excluded IS 'Aantal gesprekken dat niet meetelt: afgebroken, voor een andere organisatie, of afloop onbekend.';
COMMENT ON COLUMN first_contact_per_month.solved_share IS 'Opgelost, gedeeld door opgelost en niet opgelost samen; van 0 tot 1.';
