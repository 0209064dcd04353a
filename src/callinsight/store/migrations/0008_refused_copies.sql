-- How many review copies a run refused to keep. Empty for runs of before this was counted.

ALTER TABLE runs ADD COLUMN copies_refused BIGINT;
COMMENT ON COLUMN runs.copies_refused IS 'Aantal gesprekken waarvan de luisterkopie niet is bewaard, omdat een persoonsgegeven daarin nog te horen kon zijn; leeg bij een verwerking van vóór deze telling.';
