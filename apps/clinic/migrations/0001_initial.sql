-- Money is a whole number of the smallest unit. Times are RFC 3339 UTC with milliseconds, as `:now` gives them;
-- days are `YYYY-MM-DD`. `…_id` of a person who works here is the number of the account.

CREATE TABLE patients (
    code           INTEGER PRIMARY KEY,                    -- the number on the file
    nom            TEXT NOT NULL CHECK (trim(nom) <> ''),
    prenom         TEXT NOT NULL CHECK (trim(prenom) <> ''),
    sexe           TEXT CHECK (sexe IN ('F', 'M')),
    date_naissance TEXT CHECK (date_naissance IS date(date_naissance)),
    telephone      TEXT,
    adresse        TEXT,
    groupe_sanguin TEXT CHECK (groupe_sanguin IN ('A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-')),
    allergies      TEXT,
    antecedents    TEXT,
    actif          INTEGER NOT NULL DEFAULT 1 CHECK (actif IN (0, 1)),
    cree_at        TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX patients_nom ON patients(nom, prenom);

-- A visit waits (`attente`), is seen (`en_cours`), and is over (`terminee`); or the patient left (`annulee`).
CREATE TABLE visites (
    id           INTEGER PRIMARY KEY,
    patient_code INTEGER NOT NULL REFERENCES patients(code),
    medecin_id   INTEGER,                                  -- NULL: whoever is free
    statut       TEXT NOT NULL DEFAULT 'attente'
                 CHECK (statut IN ('attente', 'en_cours', 'terminee', 'annulee')),
    motif        TEXT,
    urgente      INTEGER NOT NULL DEFAULT 0 CHECK (urgente IN (0, 1)),
    arrivee_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    debut_at     TEXT,
    fin_at       TEXT,
    symptomes    TEXT,
    diagnostic   TEXT,
    conduite     TEXT
);
CREATE INDEX visites_patient ON visites(patient_code, id);
CREATE INDEX visites_arrivee ON visites(arrivee_at);
CREATE INDEX visites_ouvertes ON visites(arrivee_at) WHERE statut IN ('attente', 'en_cours');

CREATE TABLE constantes (
    id           INTEGER PRIMARY KEY,
    visite_id    INTEGER NOT NULL REFERENCES visites(id) ON DELETE CASCADE,
    temperature  REAL CHECK (temperature BETWEEN 25 AND 45),
    tension      TEXT,
    pouls        INTEGER CHECK (pouls BETWEEN 0 AND 300),
    saturation   INTEGER CHECK (saturation BETWEEN 0 AND 100),
    poids        REAL CHECK (poids BETWEEN 0 AND 500),
    taille       REAL CHECK (taille BETWEEN 0 AND 300),
    soignant_id  INTEGER,
    at           TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX constantes_visite ON constantes(visite_id);

-- The price list, and what of it was done.
CREATE TABLE actes (
    id      INTEGER PRIMARY KEY,
    libelle TEXT NOT NULL UNIQUE,
    prix    INTEGER NOT NULL CHECK (prix >= 0),
    actif   INTEGER NOT NULL DEFAULT 1 CHECK (actif IN (0, 1))
);

CREATE TABLE visite_actes (
    id        INTEGER PRIMARY KEY,
    visite_id INTEGER NOT NULL REFERENCES visites(id) ON DELETE CASCADE,
    acte_id   INTEGER NOT NULL REFERENCES actes(id),
    quantite  INTEGER NOT NULL DEFAULT 1 CHECK (quantite > 0),
    prix      INTEGER NOT NULL CHECK (prix >= 0)           -- of one, on that day
);
CREATE INDEX visite_actes_visite ON visite_actes(visite_id);

CREATE TABLE paiements (
    id               INTEGER PRIMARY KEY,
    visite_id        INTEGER NOT NULL REFERENCES visites(id),
    montant          INTEGER NOT NULL CHECK (montant > 0),
    mode             TEXT NOT NULL DEFAULT 'especes' CHECK (mode IN ('especes', 'mobile', 'carte', 'assurance')),
    statut           TEXT NOT NULL DEFAULT 'valide' CHECK (statut IN ('valide', 'annule')),
    caissier_id      INTEGER,
    motif_annulation TEXT,
    at               TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX paiements_visite ON paiements(visite_id);
CREATE INDEX paiements_at ON paiements(at);

CREATE TABLE medicaments (
    id           INTEGER PRIMARY KEY,
    nom          TEXT NOT NULL CHECK (trim(nom) <> ''),
    dci          TEXT,                                     -- the substance
    forme        TEXT,
    dosage       TEXT,
    stock        INTEGER NOT NULL DEFAULT 0 CHECK (stock >= 0),
    seuil_alerte INTEGER NOT NULL DEFAULT 10,
    actif        INTEGER NOT NULL DEFAULT 1 CHECK (actif IN (0, 1)),
    UNIQUE (nom, forme, dosage)
);

-- How to take it: the list that the doctor picks from.
CREATE TABLE quantites (
    id      INTEGER PRIMARY KEY,
    libelle TEXT NOT NULL UNIQUE
);

-- Every change of a stock: the sum of a medicine's movements is its stock.
CREATE TABLE mouvements_medicaments (
    id            INTEGER PRIMARY KEY,
    medicament_id INTEGER NOT NULL REFERENCES medicaments(id),
    quantite      INTEGER NOT NULL,
    stock         INTEGER NOT NULL,                        -- after the movement
    motif         TEXT,
    auteur_id     INTEGER,
    at            TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX mouvements_medicaments_medicament ON mouvements_medicaments(medicament_id, id);

CREATE TRIGGER medicaments_stock_initial AFTER INSERT ON medicaments WHEN new.stock <> 0
BEGIN
    INSERT INTO mouvements_medicaments(medicament_id, quantite, stock, motif)
    VALUES (new.id, new.stock, new.stock, 'stock initial');
END;

CREATE TRIGGER medicaments_stock AFTER UPDATE OF stock ON medicaments WHEN new.stock <> old.stock
BEGIN
    INSERT INTO mouvements_medicaments(medicament_id, quantite, stock)
    VALUES (new.id, new.stock - old.stock, new.stock);
END;

CREATE TABLE ordonnances (
    id           INTEGER PRIMARY KEY,
    patient_code INTEGER NOT NULL REFERENCES patients(code),
    visite_id    INTEGER REFERENCES visites(id),
    medecin_id   INTEGER,
    statut       TEXT NOT NULL DEFAULT 'active' CHECK (statut IN ('active', 'delivree', 'annulee')),
    note         TEXT,
    cree_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    modifie_at   TEXT,
    delivree_par INTEGER,
    delivree_at  TEXT
);
CREATE INDEX ordonnances_patient ON ordonnances(patient_code, id);
CREATE INDEX ordonnances_actives ON ordonnances(cree_at) WHERE statut = 'active';

CREATE TABLE lignes_ordonnance (
    id            INTEGER PRIMARY KEY,
    ordonnance_id INTEGER NOT NULL REFERENCES ordonnances(id) ON DELETE CASCADE,
    rang          INTEGER NOT NULL,
    medicament_id INTEGER NOT NULL REFERENCES medicaments(id),
    quantite_id   INTEGER REFERENCES quantites(id),
    duree         TEXT,
    boites        INTEGER NOT NULL DEFAULT 1 CHECK (boites > 0)
);
CREATE INDEX lignes_ordonnance_ordonnance ON lignes_ordonnance(ordonnance_id, rang);

-- Reports: of a consultation, an ultrasound, an operation. Signed once, then as it is.
CREATE TABLE comptes_rendus (
    id           INTEGER PRIMARY KEY,
    patient_code INTEGER NOT NULL REFERENCES patients(code),
    visite_id    INTEGER REFERENCES visites(id),
    auteur_id    INTEGER,
    type         TEXT NOT NULL DEFAULT 'consultation',
    titre        TEXT NOT NULL CHECK (trim(titre) <> ''),
    contenu      TEXT NOT NULL DEFAULT '',
    signe_at     TEXT,
    cree_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX comptes_rendus_patient ON comptes_rendus(patient_code, id);
