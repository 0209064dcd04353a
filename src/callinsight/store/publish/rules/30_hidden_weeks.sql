-- Weeks of which the number of calls hides itself: few calls, or topics that it would give away.
SELECT week_start FROM recognition_per_week WHERE is_small(calls)
UNION SELECT week_start FROM judged_topics WHERE exposed
