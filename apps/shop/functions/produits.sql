-- Products and their stock.

-- name: searchProducts :many
-- param: term text = ""
-- param: limit integer = 50
-- roles: administrateur, vendeur, caisse
-- http: GET /produits/recherche/:term
SELECT p.id, p.nom, p.code_barres, c.nom AS categorie, p.prix, p.stock
FROM produits p LEFT JOIN categories c ON c.id = p.categorie_id
WHERE p.actif = 1 AND (p.nom LIKE '%' || :term || '%' OR p.code_barres = :term)
ORDER BY p.nom, p.id LIMIT min(:limit, 200);

-- name: productByBarcode :one
-- param: code text
-- roles: administrateur, vendeur, caisse
-- http: GET /produits/code/:code
SELECT id, nom, code_barres, categorie_id, prix, stock
FROM produits WHERE code_barres = :code AND actif = 1;

-- Products at or under their alert level, the emptiest first.
-- name: lowStock :many
-- param: limit integer = 100
-- roles: administrateur, vendeur, caisse
-- http: GET /produits/alertes
SELECT id, nom, stock, seuil_alerte
FROM produits WHERE actif = 1 AND stock <= seuil_alerte
ORDER BY stock - seuil_alerte, nom LIMIT min(:limit, 1000);

-- Adds to a stock (a delivery) or, with a negative quantity, takes from it (breakage, a count).
-- name: adjustStock :one
-- param: produit_id integer
-- param: quantite integer
-- param: motif text
-- roles: administrateur, caisse
-- http: POST /produits/:produit_id/stock
UPDATE produits SET stock = stock + :quantite
WHERE id = :produit_id AND :quantite <> 0 AND stock + :quantite >= 0;
-- expect: 1 "Stock insuffisant ou produit inconnu"
UPDATE mouvements_stock SET motif = :motif, auteur_id = :me_id
WHERE id = (SELECT max(id) FROM mouvements_stock WHERE produit_id = :produit_id);
-- expect: 1
SELECT id, nom, stock FROM produits WHERE id = :produit_id;

-- name: stockHistory :many
-- param: produit_id integer
-- param: limit integer = 100
-- roles: administrateur, caisse
-- http: GET /produits/:produit_id/mouvements
SELECT id, quantite, stock, motif, auteur_id, at
FROM mouvements_stock WHERE produit_id = :produit_id
ORDER BY id DESC LIMIT min(:limit, 1000);
