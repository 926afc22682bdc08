ALTER TABLE rooms DROP COLUMN departed;
