-- A shop in its sixth month: 300 products, 60 customers, 3,000 sales. Days count back from today; the rest is
-- the same each time: the "chance" is arithmetic on the row's number (`n * prime % m`).

INSERT INTO categories(id, nom) VALUES
    (1, 'Épicerie'),
    (2, 'Huiles et condiments'),
    (3, 'Boissons'),
    (4, 'Petit déjeuner'),
    (5, 'Produits laitiers'),
    (6, 'Conserves'),
    (7, 'Hygiène'),
    (8, 'Entretien'),
    (9, 'Bébé'),
    (10, 'Papeterie'),
    (11, 'Maison'),
    (12, 'Fruits et légumes');

-- ---------------------------------------------------------------- products: articles x packagings

CREATE TEMP TABLE conditionnement(categorie_id INTEGER, rang INTEGER, nom TEXT, pour_cent INTEGER);
INSERT INTO conditionnement VALUES
    (1, 1, 'sachet 250 g', 100),
    (1, 2, 'sachet 500 g', 190),
    (1, 3, 'paquet 1 kg', 360),
    (1, 4, 'sac 5 kg', 1700),
    (2, 1, '25 cl', 100),
    (2, 2, '50 cl', 190),
    (2, 3, '1 L', 360),
    (2, 4, '5 L', 1700),
    (3, 1, '33 cl', 100),
    (3, 2, '50 cl', 140),
    (3, 3, '1 L', 250),
    (3, 4, '1,5 L', 340),
    (4, 1, 'sachet', 25),
    (4, 2, 'boîte 200 g', 350),
    (4, 3, 'boîte 400 g', 650),
    (4, 4, 'boîte 900 g', 1400),
    (5, 1, 'pot 125 g', 100),
    (5, 2, 'pot 250 g', 180),
    (5, 3, 'bouteille 50 cl', 300),
    (5, 4, 'bouteille 1 L', 550),
    (6, 1, 'boîte 1/8', 100),
    (6, 2, 'boîte 1/4', 170),
    (6, 3, 'boîte 1/2', 300),
    (6, 4, 'boîte 4/4', 520),
    (7, 1, 'petit', 100),
    (7, 2, 'moyen', 180),
    (7, 3, 'grand', 300),
    (7, 4, 'familial', 520),
    (8, 1, '250 ml', 100),
    (8, 2, '500 ml', 180),
    (8, 3, '1 L', 320),
    (8, 4, '5 L', 1450),
    (9, 1, 'taille 1', 1000),
    (9, 2, 'taille 2', 1050),
    (9, 3, 'taille 3', 1100),
    (9, 4, 'taille 4', 1150),
    (10, 1, '48 pages', 100),
    (10, 2, '96 pages', 180),
    (10, 3, '144 pages', 260),
    (10, 4, '200 pages', 350),
    (11, 1, 'lot de 1', 100),
    (11, 2, 'lot de 3', 280),
    (11, 3, 'lot de 6', 540),
    (11, 4, 'lot de 12', 1000),
    (12, 1, '500 g', 100),
    (12, 2, '1 kg', 190),
    (12, 3, '2 kg', 370),
    (12, 4, 'filet 5 kg', 880);

-- `base`: the price of the smallest packaging, in hundreds.
CREATE TEMP TABLE article(id INTEGER PRIMARY KEY, categorie_id INTEGER, nom TEXT, base INTEGER);
INSERT INTO article VALUES
    (1, 1, 'Riz brisé parfumé', 2),
    (2, 1, 'Riz long grain', 3),
    (3, 1, 'Sucre en poudre', 3),
    (4, 1, 'Sucre en morceaux', 4),
    (5, 1, 'Farine de blé', 2),
    (6, 1, 'Farine de maïs', 2),
    (7, 1, 'Semoule de mil', 2),
    (8, 1, 'Couscous fin', 3),
    (9, 1, 'Pâtes coudées', 3),
    (10, 1, 'Spaghetti', 3),
    (11, 1, 'Lentilles vertes', 4),
    (12, 1, 'Haricots niébé', 3),
    (13, 2, 'Huile d’arachide', 6),
    (14, 2, 'Huile de tournesol', 6),
    (15, 2, 'Huile de palme', 5),
    (16, 2, 'Vinaigre blanc', 2),
    (17, 2, 'Sauce tomate', 5),
    (18, 2, 'Moutarde', 6),
    (19, 3, 'Eau minérale', 2),
    (20, 3, 'Eau gazeuse', 3),
    (21, 3, 'Jus de bissap', 4),
    (22, 3, 'Jus de gingembre', 4),
    (23, 3, 'Jus de mangue', 5),
    (24, 3, 'Cola', 4),
    (25, 3, 'Limonade', 3),
    (26, 3, 'Bouye', 5),
    (27, 4, 'Lait en poudre', 4),
    (28, 4, 'Café soluble', 6),
    (29, 4, 'Thé vert', 3),
    (30, 4, 'Cacao en poudre', 4),
    (31, 4, 'Pâte à tartiner', 5),
    (32, 4, 'Confiture de mangue', 4),
    (33, 5, 'Lait caillé', 3),
    (34, 5, 'Yaourt nature', 3),
    (35, 5, 'Yaourt vanille', 3),
    (36, 5, 'Lait entier', 2),
    (37, 5, 'Crème fraîche', 5),
    (38, 6, 'Sardines à l’huile', 4),
    (39, 6, 'Thon entier', 7),
    (40, 6, 'Concentré de tomate', 3),
    (41, 6, 'Petits pois', 3),
    (42, 6, 'Maïs doux', 4),
    (43, 6, 'Haricots verts', 4),
    (44, 7, 'Savon de Marseille', 3),
    (45, 7, 'Gel douche', 6),
    (46, 7, 'Shampooing', 7),
    (47, 7, 'Dentifrice', 5),
    (48, 7, 'Lait corporel', 8),
    (49, 7, 'Papier hygiénique', 5),
    (50, 8, 'Eau de Javel', 2),
    (51, 8, 'Liquide vaisselle', 4),
    (52, 8, 'Nettoyant sols', 5),
    (53, 8, 'Lessive liquide', 6),
    (54, 8, 'Désinfectant', 6),
    (55, 9, 'Couches', 4),
    (56, 9, 'Couches nuit', 5),
    (57, 9, 'Lingettes', 2),
    (58, 10, 'Cahier petits carreaux', 2),
    (59, 10, 'Cahier grands carreaux', 2),
    (60, 10, 'Carnet à spirale', 4),
    (61, 10, 'Cahier de dessin', 3),
    (62, 10, 'Registre', 6),
    (63, 11, 'Ampoule LED', 8),
    (64, 11, 'Piles AA', 3),
    (65, 11, 'Bougies', 2),
    (66, 11, 'Allumettes', 1),
    (67, 11, 'Éponges', 2),
    (68, 11, 'Sacs-poubelle', 3),
    (69, 12, 'Oignons', 3),
    (70, 12, 'Pommes de terre', 3),
    (71, 12, 'Tomates', 4),
    (72, 12, 'Carottes', 4),
    (73, 12, 'Mangues', 4),
    (74, 12, 'Bananes', 4),
    (75, 12, 'Citrons verts', 5);

INSERT INTO produits(id, nom, code_barres, categorie_id, prix, prix_achat, stock, seuil_alerte, cree_at)
SELECT id, nom, printf('618%09d%d', id * 7919, id * 7 % 10), categorie_id,
       prix, prix * (62 + id * 13 % 19) / 100 / 5 * 5, 0, 4 + id * 11 % 9,
       strftime('%Y-%m-%dT08:00:00.000Z', 'now', '-200 days')
FROM (SELECT (a.id - 1) * 4 + c.rang AS id, a.nom || ' ' || c.nom AS nom, a.categorie_id,
             max(25, a.base * c.pour_cent / 25 * 25) AS prix
      FROM article a JOIN conditionnement c ON c.categorie_id = a.categorie_id)
ORDER BY id;

-- ---------------------------------------------------------------- customers

WITH prenom(i, prenom) AS (VALUES (0, 'Aminata'), (1, 'Ousmane'), (2, 'Fatou'), (3, 'Ibrahima'), (4, 'Mariama'),
         (5, 'Cheikh'), (6, 'Khady'), (7, 'Abdoulaye'), (8, 'Ndeye'), (9, 'Mamadou'), (10, 'Rokhaya'), (11, 'Modou')),
     famille(j, famille) AS (VALUES (0, 'Ba'), (1, 'Fall'), (2, 'Gueye'), (3, 'Sarr'), (4, 'Thiam')),
     quartier(k, quartier) AS (VALUES (0, 'Médina'), (1, 'Plateau'), (2, 'Yoff'), (3, 'Ouakam'))
INSERT INTO clients(id, nom, telephone, adresse, cree_at)
SELECT i * 5 + j + 1, prenom || ' ' || famille, printf('+22177%07d', (i * 5 + j + 1) * 148721 % 9999991), quartier,
       strftime('%Y-%m-%dT09:00:00.000Z', 'now', (-190 + (i * 5 + j) * 3) || ' days')
FROM prenom, famille, quartier WHERE k = (i + j) % 4 ORDER BY 1;

-- ---------------------------------------------------------------- sales, some 17 a day over 180 days up to yesterday

CREATE TEMP TABLE equipe(rang INTEGER PRIMARY KEY, id INTEGER);
INSERT INTO equipe VALUES
    (0, COALESCE((SELECT id FROM _comptoir_user WHERE username = 'awa'), 1)),
    (1, COALESCE((SELECT id FROM _comptoir_user WHERE username = 'binta'), 2)),
    (2, COALESCE((SELECT id FROM _comptoir_user WHERE username = 'moussa'), 3));

WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
INSERT INTO ventes(id, vendeur_id, client_id, statut, at)
SELECT n, (SELECT id FROM equipe WHERE rang = (n * 7 / 3) % 2),
       CASE WHEN n * 31 % 5 < 2 THEN 1 + n * 37 % 60 END,
       CASE WHEN n * 53 % 97 = 0 THEN 'remboursee' WHEN n * 61 % 89 = 0 THEN 'annulee' ELSE 'payee' END,
       strftime('%Y-%m-%dT%H:%M:%fZ', date('now', ((n - 1) * 180 / 3000 - 180) || ' days'), '+8 hours',
                '+' || ((n - 1) % 17 * 2300 + n * 7919 % 1900) || ' seconds')
FROM n;

WITH RECURSIVE rang(k) AS (VALUES (0) UNION ALL SELECT k + 1 FROM rang WHERE k < 3)
INSERT INTO lignes(vente_id, produit_id, quantite, prix_unitaire)
SELECT v.id, p.id, 1 + (v.id * 17 + k * 5) % 3, p.prix
FROM ventes v JOIN rang ON k < 1 + v.id * 41 % 4
JOIN produits p ON p.id = 1 + (v.id * 101 + k * 79 + v.id * v.id % 83) % 300
ORDER BY v.id, k;

-- ---------------------------------------------------------------- the register: one turn a day

INSERT INTO sessions_caisse(caissier_id, ouverte_at, fond_initial, fermee_at)
SELECT (SELECT id FROM equipe WHERE rang = 2), substr(at, 1, 10) || 'T07:45:00.000Z', 25000,
       substr(at, 1, 10) || 'T20:15:00.000Z'
FROM ventes GROUP BY substr(at, 1, 10) ORDER BY 1;

CREATE TEMP TABLE tour AS SELECT id, substr(ouverte_at, 1, 10) AS jour FROM sessions_caisse;
CREATE INDEX temp.tour_jour ON tour(jour);

INSERT INTO paiements(vente_id, session_caisse_id, mode, montant, recu, monnaie, at)
SELECT v.id, t.id, mode, total, CASE mode WHEN 'especes' THEN (total + 499) / 500 * 500 ELSE total END,
       CASE mode WHEN 'especes' THEN (total + 499) / 500 * 500 - total ELSE 0 END, v.at
FROM (SELECT *, CASE id * 29 % 10 WHEN 0 THEN 'carte' WHEN 1 THEN 'mobile' WHEN 2 THEN 'mobile' WHEN 3 THEN 'mobile'
                ELSE 'especes' END AS mode FROM ventes WHERE statut IN ('payee', 'remboursee')) v
JOIN tour t ON t.jour = substr(v.at, 1, 10) ORDER BY v.id;

INSERT INTO paiements(vente_id, session_caisse_id, mode, montant, at)
SELECT p.vente_id, p.session_caisse_id, p.mode, -p.montant, p.at
FROM paiements p JOIN ventes v ON v.id = p.vente_id WHERE v.statut = 'remboursee' ORDER BY p.id;

-- Counted to the franc on most evenings.
UPDATE sessions_caisse SET montant_attendu = attendu,
       montant_compte = max(0, attendu + CASE id * 19 % 23 WHEN 0 THEN -500 WHEN 1 THEN 200 ELSE 0 END)
FROM (SELECT s.id AS session_id, s.fond_initial + COALESCE(sum(p.montant) FILTER (WHERE p.mode = 'especes'), 0) AS attendu
      FROM sessions_caisse s LEFT JOIN paiements p ON p.session_caisse_id = s.id GROUP BY s.id)
WHERE session_id = id;

-- ---------------------------------------------------------------- stock: what came in less what went out

CREATE TEMP TABLE sortie AS
SELECT l.produit_id, sum(l.quantite) AS quantite FROM lignes l JOIN ventes v ON v.id = l.vente_id
WHERE v.statut = 'payee' GROUP BY l.produit_id;
CREATE INDEX temp.sortie_produit ON sortie(produit_id);

UPDATE produits SET stock = COALESCE((SELECT quantite FROM sortie WHERE produit_id = id), 0)
                          + CASE WHEN id % 23 = 0 THEN id % 4 ELSE 15 + id * 43 % 90 END;
UPDATE mouvements_stock SET motif = 'livraison', at = strftime('%Y-%m-%dT08:00:00.000Z', 'now', '-200 days')
WHERE motif IS NULL;
UPDATE produits SET stock = stock - (SELECT quantite FROM sortie WHERE produit_id = id)
WHERE id IN (SELECT produit_id FROM sortie);
UPDATE mouvements_stock SET motif = 'ventes' WHERE motif IS NULL;

DROP TABLE sortie;
DROP TABLE tour;
DROP TABLE equipe;
DROP TABLE article;
DROP TABLE conditionnement;
