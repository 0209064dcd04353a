-- A recording that has a result must not stand among the failures.
SELECT f.recording_ref, f.kind FROM failures f
WHERE f.recording_ref IN (
    SELECT recording_ref FROM calls
    WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
);
