-- Recordings that lie aside now, by reason.
-- Counts recordings, or metadata without one. A recording that succeeded later is not here; run_failures keeps the history.
CREATE VIEW failures_by_kind AS
SELECT f.kind, coalesce(k.label, f.kind) AS kind_label, f.stage, f.retryable, count(*) AS recordings
FROM failures f
LEFT JOIN failure_kinds k ON k.kind = f.kind
GROUP BY ALL;

COMMENT ON VIEW failures_by_kind IS 'Opnamen die nu terzijde liggen, per reden.';
COMMENT ON COLUMN failures_by_kind.kind IS 'Vaste code van de reden.';
COMMENT ON COLUMN failures_by_kind.kind_label IS 'De reden in gewone woorden.';
COMMENT ON COLUMN failures_by_kind.stage IS 'Stap waarin het misging.';
COMMENT ON COLUMN failures_by_kind.retryable IS 'Of opnieuw proberen zin heeft.';
COMMENT ON COLUMN failures_by_kind.recordings IS 'Aantal opnamen.';
