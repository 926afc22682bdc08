-- Money is a whole number of the smallest unit (the CFA franc has no cents).
-- Times are RFC 3339 UTC with milliseconds, as `:now` gives them.

CREATE TABLE categories (
    id  INTEGER PRIMARY KEY,
    nom TEXT NOT NULL UNIQUE
);

CREATE TABLE produits (
    id           INTEGER PRIMARY KEY,
    nom          TEXT    NOT NULL,
    code_barres  TEXT    UNIQUE,
    categorie_id INTEGER REFERENCES categories(id),
    prix         INTEGER NOT NULL CHECK (prix >= 0),
    prix_achat   INTEGER NOT NULL DEFAULT 0 CHECK (prix_achat >= 0),
    stock        INTEGER NOT NULL DEFAULT 0 CHECK (stock >= 0),
    seuil_alerte INTEGER NOT NULL DEFAULT 5,
    actif        INTEGER NOT NULL DEFAULT 1 CHECK (actif IN (0, 1)),
    cree_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX produits_nom ON produits(nom);
CREATE INDEX produits_categorie ON produits(categorie_id);

CREATE TABLE clients (
    id        INTEGER PRIMARY KEY,
    nom       TEXT NOT NULL,
    telephone TEXT UNIQUE,
    adresse   TEXT,
    cree_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX clients_nom ON clients(nom);

-- One turn of one cashier at the register. The gap (`ecart`) is what was counted less what should be there.
CREATE TABLE sessions_caisse (
    id              INTEGER PRIMARY KEY,
    caissier_id     INTEGER NOT NULL,
    ouverte_at      TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    fond_initial    INTEGER NOT NULL DEFAULT 0 CHECK (fond_initial >= 0),
    fermee_at       TEXT,
    montant_attendu INTEGER,
    montant_compte  INTEGER CHECK (montant_compte >= 0),
    ecart           INTEGER AS (montant_compte - montant_attendu)
);
CREATE UNIQUE INDEX sessions_caisse_ouverte ON sessions_caisse(caissier_id) WHERE fermee_at IS NULL;

-- A sale waits for the register (`en_attente`), is paid there, and may be refunded; or is cancelled before.
CREATE TABLE ventes (
    id         INTEGER PRIMARY KEY,
    vendeur_id INTEGER,
    client_id  INTEGER REFERENCES clients(id),
    statut     TEXT    NOT NULL DEFAULT 'en_attente'
               CHECK (statut IN ('en_attente', 'payee', 'remboursee', 'annulee')),
    total      INTEGER NOT NULL DEFAULT 0 CHECK (total >= 0),
    note       TEXT,
    at         TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX ventes_at ON ventes(at);
CREATE INDEX ventes_vendeur ON ventes(vendeur_id, at);
CREATE INDEX ventes_client ON ventes(client_id);
CREATE INDEX ventes_en_attente ON ventes(at) WHERE statut = 'en_attente';

CREATE TABLE lignes (
    id            INTEGER PRIMARY KEY,
    vente_id      INTEGER NOT NULL REFERENCES ventes(id) ON DELETE CASCADE,
    produit_id    INTEGER NOT NULL REFERENCES produits(id),
    quantite      INTEGER NOT NULL DEFAULT 1 CHECK (quantite > 0),
    prix_unitaire INTEGER CHECK (prix_unitaire >= 0)     -- left out: the price of the day
);
CREATE INDEX lignes_vente ON lignes(vente_id);
CREATE INDEX lignes_produit ON lignes(produit_id);

CREATE TABLE paiements (
    id                INTEGER PRIMARY KEY,
    vente_id          INTEGER NOT NULL REFERENCES ventes(id),
    session_caisse_id INTEGER NOT NULL REFERENCES sessions_caisse(id),
    mode              TEXT    NOT NULL DEFAULT 'especes'
                      CHECK (mode IN ('especes', 'mobile', 'carte')),
    montant           INTEGER NOT NULL,                  -- negative: given back
    recu              INTEGER,                           -- what the customer put on the counter
    monnaie           INTEGER NOT NULL DEFAULT 0,        -- change given
    at                TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX paiements_vente ON paiements(vente_id);
CREATE INDEX paiements_session ON paiements(session_caisse_id);
CREATE INDEX paiements_at ON paiements(at);

-- Every change of a stock, whoever made it: the sum of a product's movements is its stock.
CREATE TABLE mouvements_stock (
    id         INTEGER PRIMARY KEY,
    produit_id INTEGER NOT NULL REFERENCES produits(id),
    quantite   INTEGER NOT NULL,
    stock      INTEGER NOT NULL,                         -- after the movement
    motif      TEXT,
    auteur_id  INTEGER,
    at         TEXT    NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX mouvements_stock_produit ON mouvements_stock(produit_id, id);

CREATE TRIGGER produits_stock_initial AFTER INSERT ON produits WHEN new.stock <> 0
BEGIN
    INSERT INTO mouvements_stock(produit_id, quantite, stock, motif)
    VALUES (new.id, new.stock, new.stock, 'stock initial');
END;

CREATE TRIGGER produits_stock AFTER UPDATE OF stock ON produits WHEN new.stock <> old.stock
BEGIN
    INSERT INTO mouvements_stock(produit_id, quantite, stock)
    VALUES (new.id, new.stock - old.stock, new.stock);
END;

-- A sale's total follows its lines, however they were written.
CREATE TRIGGER lignes_prix AFTER INSERT ON lignes WHEN new.prix_unitaire IS NULL
BEGIN
    UPDATE lignes SET prix_unitaire = (SELECT prix FROM produits WHERE id = new.produit_id) WHERE id = new.id;
END;

CREATE TRIGGER lignes_ajout AFTER INSERT ON lignes WHEN new.prix_unitaire IS NOT NULL
BEGIN
    UPDATE ventes SET total = total + new.quantite * new.prix_unitaire WHERE id = new.vente_id;
END;

CREATE TRIGGER lignes_retrait AFTER DELETE ON lignes
BEGIN
    UPDATE ventes SET total = total - old.quantite * COALESCE(old.prix_unitaire, 0) WHERE id = old.vente_id;
END;

CREATE TRIGGER lignes_changement AFTER UPDATE OF vente_id, quantite, prix_unitaire ON lignes
BEGIN
    UPDATE ventes SET total = total - old.quantite * COALESCE(old.prix_unitaire, 0) WHERE id = old.vente_id;
    UPDATE ventes SET total = total + new.quantite * COALESCE(new.prix_unitaire, 0) WHERE id = new.vente_id;
END;
