-- Calls in which several problems come together, per month.
-- Counts calls by how many different topics and fields (domains) were heard in them; unknown topics do not count. flagged
-- counts the calls of the month that carry the signal of several problems at once, which looks at needs too. A call with
-- two topics is no proof of trouble: moving house and parking go together without any.
CREATE VIEW several_problems_per_month AS
WITH heard AS (
    SELECT call_id, count(DISTINCT topic) AS topics, count(DISTINCT domain) AS domains
    FROM questions_labelled WHERE topic <> 'unknown' GROUP BY call_id
),
marked AS (SELECT DISTINCT call_id FROM signals WHERE kind = 'multi-problem')
SELECT
    CAST(date_trunc('month', c.local_date) AS DATE) AS month_start,
    count(*) AS calls,
    count(*) FILTER (WHERE h.topics >= 2) AS two_topics,
    count(*) FILTER (WHERE h.topics >= 3) AS three_topics,
    count(*) FILTER (WHERE h.domains >= 2) AS two_domains,
    count(m.call_id) AS flagged
FROM calls c
LEFT JOIN heard h USING (call_id)
LEFT JOIN marked m USING (call_id)
GROUP BY ALL;

COMMENT ON VIEW several_problems_per_month IS 'In hoeveel gesprekken per maand meer vragen of problemen samenkwamen.';
COMMENT ON COLUMN several_problems_per_month.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN several_problems_per_month.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN several_problems_per_month.two_topics IS 'Aantal gesprekken over twee of meer onderwerpen.';
COMMENT ON COLUMN several_problems_per_month.three_topics IS 'Aantal gesprekken over drie of meer onderwerpen.';
COMMENT ON COLUMN several_problems_per_month.two_domains IS 'Aantal gesprekken over onderwerpen uit twee of meer vakgebieden.';
COMMENT ON COLUMN several_problems_per_month.flagged IS 'Aantal gesprekken met het signaal dat er meer problemen tegelijk zijn.';
