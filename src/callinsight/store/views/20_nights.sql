-- What each run did: one row per run, the newest first.
-- calls counts what the run loaded, also when a later run replaced it. minutes and realtime_factor are of the processing
-- itself, as the run measured it: 0.1 means that an hour of sound took six minutes.
CREATE VIEW nights AS
WITH loaded AS (SELECT run_id, count(*) AS calls FROM run_calls GROUP BY run_id),
failed AS (SELECT run_id, count(*) AS failures FROM run_failures GROUP BY run_id)
SELECT
    r.run_id,
    r.started_local,
    r.finished_local,
    r.recordings_found,
    r.recordings_skipped,
    coalesce(l.calls, 0) AS calls,
    coalesce(f.failures, 0) AS failures,
    round(r.audio_ms / 60000.0, 1) AS minutes,
    round(r.wall_ms / nullif(r.audio_ms, 0), 4) AS realtime_factor,
    r.copies_refused
FROM runs r
LEFT JOIN loaded l USING (run_id)
LEFT JOIN failed f USING (run_id)
ORDER BY r.started_local DESC, r.run_id;

COMMENT ON VIEW nights IS 'Wat elke verwerking heeft gedaan, de nieuwste eerst.';
COMMENT ON COLUMN nights.run_id IS 'Kenmerk van de verwerking.';
COMMENT ON COLUMN nights.started_local IS 'Begin van de verwerking.';
COMMENT ON COLUMN nights.finished_local IS 'Einde van de verwerking; leeg als die niet is afgerond.';
COMMENT ON COLUMN nights.recordings_found IS 'Aantal opnamen dat is gevonden.';
COMMENT ON COLUMN nights.recordings_skipped IS 'Aantal opnamen dat al eerder was verwerkt.';
COMMENT ON COLUMN nights.calls IS 'Aantal geladen gesprekken.';
COMMENT ON COLUMN nights.failures IS 'Aantal opnamen dat terzijde is gelegd.';
COMMENT ON COLUMN nights.minutes IS 'Verwerkt geluid in minuten.';
COMMENT ON COLUMN nights.realtime_factor IS 'Duur van de verwerking gedeeld door duur van het geluid: hoe lager, hoe sneller.';
COMMENT ON COLUMN nights.copies_refused IS 'Aantal gesprekken waarvan de luisterkopie niet is bewaard, omdat een persoonsgegeven daarin nog te horen kon zijn; leeg bij een verwerking van vóór deze telling.';
