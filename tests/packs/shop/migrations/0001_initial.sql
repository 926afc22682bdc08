CREATE TABLE produits (
  id INTEGER PRIMARY KEY,
  nom TEXT NOT NULL,
  prix INTEGER NOT NULL CHECK (prix >= 0),
  prix_achat INTEGER NOT NULL DEFAULT 0,
  stock INTEGER NOT NULL DEFAULT 0 CHECK (stock >= 0)
);
CREATE TABLE ventes (
  id INTEGER PRIMARY KEY,
  vendeur_id INTEGER,
  produit_id INTEGER NOT NULL REFERENCES produits(id),
  quantite INTEGER NOT NULL CHECK (quantite > 0),
  note TEXT UNIQUE
);
CREATE TABLE secrets (id INTEGER PRIMARY KEY, valeur TEXT NOT NULL);
CREATE TABLE prescriptions (id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL, texte TEXT NOT NULL);
-- A composite key, without a rowid.
CREATE TABLE couples (a TEXT NOT NULL, b INTEGER NOT NULL, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
-- No key at all.
CREATE TABLE lignes (texte TEXT);
CREATE TABLE pieces (id INTEGER PRIMARY KEY, nom TEXT, contenu BLOB);
-- No declared type: what goes in comes out.
CREATE TABLE valeurs (id INTEGER PRIMARY KEY, v);
