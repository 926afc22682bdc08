-- A person's number is the number of the account: `id_patient`, `id_professionnel`, `patient_id` and `medecin_id` are
-- the `expediteur_id` of messages and the `user_id` of calls. Times are RFC 3339 UTC with milliseconds.

CREATE TABLE patients (
    id_patient     INTEGER PRIMARY KEY,
    nom            TEXT NOT NULL CHECK (trim(nom) <> ''),
    prenom         TEXT NOT NULL CHECK (trim(prenom) <> ''),
    date_naissance TEXT CHECK (date_naissance IS date(date_naissance)),
    sexe           TEXT CHECK (sexe IN ('F', 'M')),
    telephone      TEXT,
    email          TEXT,
    antecedents    TEXT,
    cree_at        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX patients_nom ON patients(nom, prenom);

CREATE TABLE professionnels (
    id_professionnel INTEGER PRIMARY KEY,
    nom              TEXT NOT NULL CHECK (trim(nom) <> ''),
    prenom           TEXT NOT NULL,
    specialite       TEXT NOT NULL DEFAULT 'Médecine générale',
    langues          TEXT NOT NULL DEFAULT 'fr',
    tarif            INTEGER NOT NULL DEFAULT 0 CHECK (tarif >= 0),
    duree_min        INTEGER NOT NULL DEFAULT 20 CHECK (duree_min BETWEEN 5 AND 240),
    actif            INTEGER NOT NULL DEFAULT 1 CHECK (actif IN (0, 1))
);

-- Hours of each week, in UTC. `jour`: 0 is Sunday, as in strftime('%w').
CREATE TABLE disponibilites (
    id         INTEGER PRIMARY KEY,
    medecin_id INTEGER NOT NULL REFERENCES professionnels(id_professionnel),
    jour       INTEGER NOT NULL CHECK (jour BETWEEN 0 AND 6),
    debut      TEXT NOT NULL CHECK (debut GLOB '[0-2][0-9]:[0-5][0-9]'),
    fin        TEXT NOT NULL CHECK (fin GLOB '[0-2][0-9]:[0-5][0-9]' AND fin > debut)
);
CREATE INDEX disponibilites_medecin ON disponibilites(medecin_id, jour);

-- Asked for (`demande`), confirmed, going on, over; or cancelled, or nobody came.
CREATE TABLE rendez_vous (
    id              INTEGER PRIMARY KEY,
    patient_id      INTEGER NOT NULL REFERENCES patients(id_patient),
    medecin_id      INTEGER NOT NULL REFERENCES professionnels(id_professionnel),
    debut_at        TEXT NOT NULL CHECK (debut_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]*'),
    duree_min       INTEGER NOT NULL DEFAULT 20,
    mode            TEXT NOT NULL DEFAULT 'audio_video' CHECK (mode IN ('audio_video', 'audio_only')),
    motif           TEXT,
    statut          TEXT NOT NULL DEFAULT 'demande'
                    CHECK (statut IN ('demande', 'confirme', 'en_cours', 'termine', 'annule', 'absent')),
    conversation_id INTEGER,                                -- the hub's direct room of the two
    session_id      INTEGER,                                -- the hub's call
    cree_at         TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX rendez_vous_patient ON rendez_vous(patient_id, debut_at);
CREATE INDEX rendez_vous_medecin ON rendez_vous(medecin_id, debut_at);
-- A doctor has one patient at a time.
CREATE UNIQUE INDEX rendez_vous_creneau ON rendez_vous(medecin_id, debut_at) WHERE statut IN ('demande', 'confirme', 'en_cours');

CREATE TABLE notes (
    id             INTEGER PRIMARY KEY,
    rendez_vous_id INTEGER NOT NULL UNIQUE REFERENCES rendez_vous(id),
    patient_id     INTEGER NOT NULL,
    medecin_id     INTEGER NOT NULL,
    observations   TEXT NOT NULL DEFAULT '',                -- the doctor's own
    conclusion     TEXT NOT NULL DEFAULT '',                -- what the patient is given
    at             TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX notes_patient ON notes(patient_id, id);
