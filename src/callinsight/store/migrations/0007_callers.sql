-- The pseudonym of a caller, when a municipality links the calls of one caller.
--
-- It follows from the result files, and goes before the tags do: with the key that it was made with.

ALTER TABLE calls ADD COLUMN caller_ref VARCHAR;
COMMENT ON COLUMN calls.caller_ref IS 'Schuilnaam van de beller, gemaakt met een sleutel die per tijdvak wisselt; leeg als koppelen uit staat, als de beller zijn nummer niet liet zien, of als de sleutel is gewist.';
