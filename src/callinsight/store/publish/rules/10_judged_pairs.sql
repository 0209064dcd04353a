-- Pairs of topics of a month. Where no call has three topics, several_problems_per_month tells their sums, for pairs
-- within a field and across fields. exposed: these sums have to hide, and some topics too (20_judged_topics.sql), since
-- whoever adds up the topics of a month counts a call about two of them twice.
SELECT
    month_start, topic_a, topic_b, calls,
    hide(calls, false, month_start || across_domains, topic_a || ' ' || topic_b) AS hidden,
    exposed(calls, false, month_start || across_domains) AS exposed
FROM topics_together
