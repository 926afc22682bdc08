-- A patient's number is the number of the account: `patient_id` in a row says who owns it, and `owner` in app.toml
-- and `to_user` in notifications.toml use it as it is. Times are RFC 3339 UTC with milliseconds.

CREATE TABLE patients (
    id             INTEGER PRIMARY KEY,
    nom            TEXT NOT NULL CHECK (trim(nom) <> ''),
    prenom         TEXT NOT NULL CHECK (trim(prenom) <> ''),
    date_naissance TEXT CHECK (date_naissance IS date(date_naissance)),
    sexe           TEXT CHECK (sexe IN ('F', 'M')),
    telephone      TEXT,
    adresse        TEXT,
    groupe_sanguin TEXT,
    allergies      TEXT,
    cree_at        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX patients_nom ON patients(nom, prenom);

-- A doctor asks, the patient answers; what was approved ends by itself, or when the patient takes it back.
CREATE TABLE demandes_acces (
    id         INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients(id),
    medecin_id INTEGER NOT NULL,
    motif      TEXT,
    statut     TEXT NOT NULL DEFAULT 'en_attente'
               CHECK (statut IN ('en_attente', 'approuvee', 'rejetee', 'revoquee')),
    demande_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    repondu_at TEXT,
    expire_at  TEXT
);
CREATE INDEX demandes_acces_patient ON demandes_acces(patient_id, id);
CREATE INDEX demandes_acces_medecin ON demandes_acces(medecin_id, patient_id);

CREATE TABLE dossiers (
    id         INTEGER PRIMARY KEY,
    patient_id INTEGER NOT NULL REFERENCES patients(id),
    medecin_id INTEGER NOT NULL,
    type       TEXT NOT NULL DEFAULT 'consultation'
               CHECK (type IN ('consultation', 'analyse', 'imagerie', 'hospitalisation', 'vaccination')),
    titre      TEXT NOT NULL CHECK (trim(titre) <> ''),
    contenu    TEXT NOT NULL DEFAULT '',
    diagnostic TEXT,
    version    INTEGER NOT NULL DEFAULT 1,
    cree_at    TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    modifie_at TEXT
);
CREATE INDEX dossiers_patient ON dossiers(patient_id, id);
CREATE INDEX dossiers_medecin ON dossiers(medecin_id, id);

-- Who read what, and when. The patient sees it.
CREATE TABLE consultations (
    id         INTEGER PRIMARY KEY,
    dossier_id INTEGER NOT NULL REFERENCES dossiers(id),
    patient_id INTEGER NOT NULL,
    medecin_id INTEGER NOT NULL,
    at         TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX consultations_patient ON consultations(patient_id, id);

-- The way of a prescription: nouvelle → validee → preparee → prete → livree; or annulee before that.
CREATE TABLE prescriptions (
    id            INTEGER PRIMARY KEY,
    numero        TEXT NOT NULL UNIQUE,
    patient_id    INTEGER NOT NULL REFERENCES patients(id),
    medecin_id    INTEGER NOT NULL,
    pharmacien_id INTEGER,                                  -- who took it on
    statut        TEXT NOT NULL DEFAULT 'nouvelle'
                  CHECK (statut IN ('nouvelle', 'validee', 'preparee', 'prete', 'livree', 'annulee')),
    note          TEXT,
    cree_at       TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    modifie_at    TEXT
);
CREATE INDEX prescriptions_patient ON prescriptions(patient_id, id);
CREATE INDEX prescriptions_medecin ON prescriptions(medecin_id, id);
CREATE INDEX prescriptions_statut ON prescriptions(statut, id);

-- `patient_id` and `medecin_id` are the prescription's: a row says itself who owns it.
CREATE TABLE lignes_prescription (
    id              INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions(id) ON DELETE CASCADE,
    patient_id      INTEGER NOT NULL,
    medecin_id      INTEGER NOT NULL,
    rang            INTEGER NOT NULL,
    medicament      TEXT NOT NULL CHECK (trim(medicament) <> ''),
    dosage          TEXT,
    posologie       TEXT,
    duree           TEXT,
    quantite        INTEGER NOT NULL DEFAULT 1 CHECK (quantite > 0)
);
CREATE INDEX lignes_prescription_prescription ON lignes_prescription(prescription_id, rang);

CREATE TABLE livraisons (
    id              INTEGER PRIMARY KEY,
    prescription_id INTEGER NOT NULL REFERENCES prescriptions(id),
    patient_id      INTEGER NOT NULL,
    adresse         TEXT NOT NULL CHECK (trim(adresse) <> ''),
    statut          TEXT NOT NULL DEFAULT 'demandee' CHECK (statut IN ('demandee', 'en_route', 'confirmee', 'annulee')),
    demande_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    confirme_at     TEXT
);
CREATE UNIQUE INDEX livraisons_prescription ON livraisons(prescription_id) WHERE statut <> 'annulee';

CREATE TABLE inventaire (
    id         INTEGER PRIMARY KEY,
    medicament TEXT NOT NULL,
    dosage     TEXT,
    quantite   INTEGER NOT NULL DEFAULT 0 CHECK (quantite >= 0),
    seuil      INTEGER NOT NULL DEFAULT 10,
    UNIQUE (medicament, dosage)
);

-- A word to all patients, all doctors or all pharmacists; the rules in notifications.toml carry it.
CREATE TABLE annonces (
    id        INTEGER PRIMARY KEY,
    role      TEXT NOT NULL CHECK (role IN ('patient', 'medecin', 'pharmacien')),
    titre     TEXT NOT NULL CHECK (trim(titre) <> ''),
    texte     TEXT NOT NULL DEFAULT '',
    auteur_id INTEGER,
    at        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
