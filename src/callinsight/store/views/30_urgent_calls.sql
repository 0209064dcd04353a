-- Calls that one named person should see today, the most urgent first.
-- Holds the signals of severity immediate and same-day, one row each. This is no safety net: the calls are of yesterday
-- or earlier, and a call that is not here may still have been urgent.
CREATE VIEW urgent_calls AS
SELECT severity_label, started_local, queue, topics, kind_label, at_time, quote, call_id, severity, kind
FROM flagged_calls
WHERE severity IN ('immediate', 'same-day')
ORDER BY severity = 'immediate' DESC, started_local DESC, call_id, at_time;

COMMENT ON VIEW urgent_calls IS 'Gesprekken die vandaag iemand moet zien. Geen vangnet: de gesprekken zijn van gisteren of eerder, en er kan er een ontbreken. Bij acuut gevaar: 112. Praten over zelfmoord kan via 113.';
COMMENT ON COLUMN urgent_calls.severity_label IS 'Hoe snel een mens moet kijken.';
COMMENT ON COLUMN urgent_calls.started_local IS 'Begin van het gesprek op de klok in Nederland.';
COMMENT ON COLUMN urgent_calls.queue IS 'Wachtrij van het gesprek.';
COMMENT ON COLUMN urgent_calls.topics IS 'Onderwerpen van het gesprek.';
COMMENT ON COLUMN urgent_calls.kind_label IS 'Het signaal in gewone woorden.';
COMMENT ON COLUMN urgent_calls.at_time IS 'Begin van de passage in minuten en seconden.';
COMMENT ON COLUMN urgent_calls.quote IS 'De gemaskeerde woorden waaruit het signaal blijkt.';
COMMENT ON COLUMN urgent_calls.call_id IS 'Het gesprek; zie calls.';
COMMENT ON COLUMN urgent_calls.severity IS 'Hoe snel een mens moet kijken, als vaste code.';
COMMENT ON COLUMN urgent_calls.kind IS 'Vaste code van het signaal.';
