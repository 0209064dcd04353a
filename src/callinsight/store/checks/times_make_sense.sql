-- Passages must end after they start; the local date must be that of the local clock.
SELECT 'turns' AS table_name, call_id, turn_no AS number FROM turns
WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days) AND (start_ms < 0 OR end_ms <= start_ms)
UNION ALL
SELECT 'signals', call_id, signal_no FROM signals
WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days) AND (start_ms < 0 OR end_ms <= start_ms)
UNION ALL
SELECT 'calls', call_id, 0 FROM calls
WHERE call_id IN (SELECT call_id FROM batch) AND local_date IN (SELECT local_date FROM batch_days)
  AND (local_date <> CAST(started_local AS DATE) OR local_hour <> hour(started_local)
       OR week_start > local_date OR week_start + 6 < local_date);
