-- When the telephone is answered. The calendar follows from the settings and is filled again at the next load.

ALTER TABLE calendar ADD COLUMN opens TIME;
ALTER TABLE calendar ADD COLUMN closes TIME;
DELETE FROM calendar;

COMMENT ON TABLE calendar IS 'De kalender van 2015 tot en met 2045, met de Nederlandse feestdagen en de openingstijden van de telefoon.';
COMMENT ON COLUMN calendar.working_day IS 'Maandag tot en met vrijdag, behalve op feestdagen waarop gemeenten gewoonlijk dicht zijn en op eigen sluitingsdagen. Goede Vrijdag telt als werkdag, Bevrijdingsdag alleen eens in de vijf jaar als vrije dag.';
COMMENT ON COLUMN calendar.opens IS 'Vanaf hoe laat de telefoon wordt opgenomen, op de klok in Nederland; leeg als er die dag niet wordt opgenomen.';
COMMENT ON COLUMN calendar.closes IS 'Tot hoe laat de telefoon wordt opgenomen; leeg als er die dag niet wordt opgenomen.';
