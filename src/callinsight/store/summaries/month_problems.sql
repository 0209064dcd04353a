-- Calls per month by how many different topics and fields (domains) were heard in them.
-- Counts every processed call once in calls; unknown topics do not count as a topic. Follows from the domains in topics
-- too: made anew as a whole when those change.
WITH heard AS (
    SELECT
        q.local_date,
        q.call_id,
        count(DISTINCT q.topic) AS topics,
        count(DISTINCT coalesce(t.domain, 'unknown')) AS domains
    FROM questions q
    LEFT JOIN topics t ON t.topic = q.topic
    WHERE q.local_date IN (SELECT local_date FROM days) AND q.topic <> 'unknown'
    GROUP BY 1, 2
),
marked AS (
    SELECT DISTINCT local_date, call_id FROM signals
    WHERE local_date IN (SELECT local_date FROM days) AND kind = 'multi-problem'
)
SELECT
    CAST(date_trunc('month', c.local_date) AS DATE) AS month_start,
    count(*) AS calls,
    count(*) FILTER (WHERE h.topics >= 2) AS two_topics,
    count(*) FILTER (WHERE h.topics >= 3) AS three_topics,
    count(*) FILTER (WHERE h.domains >= 2) AS two_domains,
    count(m.call_id) AS flagged
FROM calls c
LEFT JOIN heard h ON h.local_date = c.local_date AND h.call_id = c.call_id
LEFT JOIN marked m ON m.local_date = c.local_date AND m.call_id = c.call_id
WHERE c.local_date IN (SELECT local_date FROM days)
GROUP BY 1
