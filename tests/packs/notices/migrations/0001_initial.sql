CREATE TABLE prescriptions(
    id INTEGER PRIMARY KEY,
    numero TEXT NOT NULL,
    statut TEXT NOT NULL DEFAULT 'brouillon',
    patient_id INTEGER,
    note TEXT
);
CREATE TABLE demandes(id INTEGER PRIMARY KEY, patient_id INTEGER, medecin_id INTEGER, statut TEXT);
CREATE TABLE dossiers(id INTEGER PRIMARY KEY, patient_id INTEGER, titre TEXT);
CREATE TABLE ventes(id INTEGER PRIMARY KEY, total INTEGER, texte TEXT);
