-- Counts are hidden when there were few calls before, or few but not none after. The conclusion itself stays, since it
-- is about the improvement and tells no number.
SELECT
    action_id, title, kind, kind_label, owner, effective_on, questions, weeks_before, weeks_after, last_week,
    calls_before < getvariable('k') OR (calls_after > 0 AND calls_after < getvariable('k')) AS suppressed,
    CASE WHEN NOT suppressed THEN action_effect.calls_before END AS calls_before,
    CASE WHEN NOT suppressed THEN action_effect.calls_after END AS calls_after,
    CASE WHEN NOT suppressed THEN action_effect.expected END AS expected,
    CASE WHEN NOT suppressed THEN action_effect.expected_low END AS expected_low,
    CASE WHEN NOT suppressed THEN action_effect.expected_high END AS expected_high,
    CASE WHEN NOT suppressed THEN action_effect.prevented END AS prevented,
    CASE WHEN NOT suppressed THEN action_effect.prevented_low END AS prevented_low,
    CASE WHEN NOT suppressed THEN action_effect.prevented_high END AS prevented_high,
    verdict,
    CASE WHEN NOT suppressed OR verdict = 'te vroeg om te zeggen' THEN explanation END AS explanation,
    compared_with, others
FROM action_effect
ORDER BY effective_on DESC, action_id
