-- Which needs are heard in the same call, per month.
-- Counts each pair of different needs once per call, in one direction only (need_a comes first in the alphabet of ids).
-- Both needs may belong to one question or to two. Calls with one need only do not count.
CREATE VIEW needs_together AS
SELECT
    s.month_start,
    s.need_a,
    coalesce(a.label, s.need_a) AS need_a_label,
    s.need_b,
    coalesce(b.label, s.need_b) AS need_b_label,
    s.calls
FROM month_need_pairs s
LEFT JOIN need_kinds a ON a.need = s.need_a
LEFT JOIN need_kinds b ON b.need = s.need_b;

COMMENT ON VIEW needs_together IS 'Welke behoeften samen in één gesprek voorkomen, per maand.';
COMMENT ON COLUMN needs_together.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN needs_together.need_a IS 'Vaste code van de ene behoefte.';
COMMENT ON COLUMN needs_together.need_a_label IS 'De ene behoefte in gewone woorden.';
COMMENT ON COLUMN needs_together.need_b IS 'Vaste code van de andere behoefte.';
COMMENT ON COLUMN needs_together.need_b_label IS 'De andere behoefte in gewone woorden.';
COMMENT ON COLUMN needs_together.calls IS 'Aantal gesprekken met beide behoeften.';
