-- Calls in which several problems come together, per month.
-- Counts calls by how many different topics and fields (domains) were heard in them; unknown topics do not count. flagged
-- counts the calls of the month that carry the signal of several problems at once, which looks at needs too. A call with
-- two topics is no proof of trouble: moving house and parking go together without any.
CREATE VIEW several_problems_per_month AS
SELECT month_start, calls, two_topics, three_topics, two_domains, flagged FROM month_problems;

COMMENT ON VIEW several_problems_per_month IS 'In hoeveel gesprekken per maand meer vragen of problemen samenkwamen.';
COMMENT ON COLUMN several_problems_per_month.month_start IS 'Eerste dag van de maand.';
COMMENT ON COLUMN several_problems_per_month.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN several_problems_per_month.two_topics IS 'Aantal gesprekken over twee of meer onderwerpen.';
COMMENT ON COLUMN several_problems_per_month.three_topics IS 'Aantal gesprekken over drie of meer onderwerpen.';
COMMENT ON COLUMN several_problems_per_month.two_domains IS 'Aantal gesprekken over onderwerpen uit twee of meer vakgebieden.';
COMMENT ON COLUMN several_problems_per_month.flagged IS 'Aantal gesprekken met het signaal dat er meer problemen tegelijk zijn.';
