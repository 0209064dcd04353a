-- How sure speech recognition was, per week.
-- The mean is weighted by words, so long calls count for more. It is the recogniser's own belief, not a measured error.
CREATE VIEW recognition_per_week AS
SELECT
    strftime(week_start, '%G-W%V') AS iso_week,
    week_start,
    calls,
    words,
    round(CAST(word_probability AS DOUBLE) / nullif(words, 0), 3) AS mean_word_probability,
    loops_redecoded,
    loops_dropped,
    phantoms_dropped
FROM week_recognition;

COMMENT ON VIEW recognition_per_week IS 'Hoe zeker de spraakherkenning was, per week.';
COMMENT ON COLUMN recognition_per_week.iso_week IS 'Weeknummer volgens ISO 8601.';
COMMENT ON COLUMN recognition_per_week.week_start IS 'Maandag van de week.';
COMMENT ON COLUMN recognition_per_week.calls IS 'Aantal gesprekken.';
COMMENT ON COLUMN recognition_per_week.words IS 'Aantal herkende woorden.';
COMMENT ON COLUMN recognition_per_week.mean_word_probability IS 'Gemiddelde zekerheid per woord, van 0 tot 1; leeg als er geen woorden zijn.';
COMMENT ON COLUMN recognition_per_week.loops_redecoded IS 'Hoe vaak een passage opnieuw is herkend omdat de herkenning bleef hangen.';
COMMENT ON COLUMN recognition_per_week.loops_dropped IS 'Hoe vaak een passage is weggelaten omdat de herkenning bleef hangen.';
COMMENT ON COLUMN recognition_per_week.phantoms_dropped IS 'Aantal weggelaten zinnen die niemand heeft gezegd.';
