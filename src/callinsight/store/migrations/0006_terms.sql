-- What is left of calls whose words, or all of which, are past their term.
--
-- transcript follows from the result files. frozen_periods follows from files of counts of its own, one for
-- each week and month whose calls are erased: those counts are the truth from then on and are never made anew.

ALTER TABLE calls ADD COLUMN transcript VARCHAR DEFAULT 'kept';
ALTER TABLE calls ALTER COLUMN transcript SET NOT NULL;
ALTER TABLE calls ALTER COLUMN transcript DROP DEFAULT;
COMMENT ON COLUMN calls.transcript IS 'Of de gemaskeerde woorden er nog zijn: kept (bewaard) of erased (gewist na de bewaartermijn).';
COMMENT ON COLUMN turns.text IS 'Wat er is gezegd volgens de spraakherkenning, met persoonsgegevens gemaskeerd; leeg als de bewaartermijn voorbij is.';

CREATE TABLE frozen_periods (unit VARCHAR NOT NULL, period_start DATE NOT NULL);
COMMENT ON TABLE frozen_periods IS 'Weken en maanden waarvan de gesprekken zijn gewist na de bewaartermijn. Hun tellingen staan vast.';
COMMENT ON COLUMN frozen_periods.unit IS 'Soort periode: week of month (maand).';
COMMENT ON COLUMN frozen_periods.period_start IS 'Eerste dag van de periode.';
