-- Which needs are heard in the same call, per month.
-- Counts each pair of different needs once per call, in one direction only (need_a comes first in the alphabet of ids).
-- Both needs may belong to one question or to two. Calls with one need only do not count.
CREATE VIEW needs_together AS
WITH heard AS (
    SELECT DISTINCT CAST(date_trunc('month', c.local_date) AS DATE) AS month_start, n.call_id, n.need
    FROM needs n JOIN calls c USING (call_id)
)
SELECT
    a.month_start,
    a.need AS need_a,
    coalesce(ka.label, a.need) AS need_a_label,
    b.need AS need_b,
    coalesce(kb.label, b.need) AS need_b_label,
    count(*) AS calls
FROM heard a
JOIN heard b ON b.call_id = a.call_id AND a.need < b.need
LEFT JOIN need_kinds ka ON ka.need = a.need
LEFT JOIN need_kinds kb ON kb.need = b.need
GROUP BY ALL;

COMMENT ON VIEW needs_together IS 'Welke behoeften samen in één gesprek voorkomen, per maand.';
COMMENT ON COLUMN needs_together.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN needs_together.need_a IS 'Vaste code van de ene behoefte.';
COMMENT ON COLUMN needs_together.need_a_label IS 'De ene behoefte in gewone woorden.';
COMMENT ON COLUMN needs_together.need_b IS 'Vaste code van de andere behoefte.';
COMMENT ON COLUMN needs_together.need_b_label IS 'De andere behoefte in gewone woorden.';
COMMENT ON COLUMN needs_together.calls IS 'Aantal gesprekken met beide behoeften.';
