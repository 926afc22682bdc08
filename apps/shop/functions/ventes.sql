-- Sales at the counter.

-- One product. The sale then waits for the register.
-- name: sell :one
-- param: produit_id integer
-- param: quantite integer = 1
-- param: client_id integer?
-- roles: administrateur, vendeur, caisse
INSERT INTO ventes(vendeur_id, client_id, at) VALUES (:me_id, :client_id, :now) RETURNING id;
-- let: vente_id
UPDATE produits SET stock = stock - :quantite
WHERE id = :produit_id AND actif = 1 AND :quantite > 0 AND stock >= :quantite;
-- expect: 1 "Stock insuffisant"
INSERT INTO lignes(vente_id, produit_id, quantite, prix_unitaire)
SELECT :vente_id, id, :quantite, prix FROM produits WHERE id = :produit_id;
-- expect: 1
SELECT id, vendeur_id, client_id, statut, total, at FROM ventes WHERE id = :vente_id;

-- A basket: [{"produit_id": 12, "quantite": 2}, …]. Without `quantite`: one. All of it, or nothing.
-- name: sellBasket :one
-- param: articles json
-- param: client_id integer?
-- param: note text?
-- roles: administrateur, vendeur, caisse
-- http: POST /ventes
SELECT count(*) + (json_array_length(:articles) = 0)
FROM json_each(:articles) a LEFT JOIN produits p ON p.id = json_extract(a.value, '$.produit_id') AND p.actif = 1
WHERE p.id IS NULL;
-- let: inconnus
INSERT INTO ventes(vendeur_id, client_id, at) SELECT :me_id, :client_id, :now WHERE :inconnus = 0;
-- expect: 1 "Article inconnu ou panier vide"
SELECT max(id) FROM ventes;
-- let: vente_id
INSERT INTO lignes(vente_id, produit_id, quantite, prix_unitaire)
SELECT :vente_id, p.id, sum(COALESCE(json_extract(a.value, '$.quantite'), 1)), p.prix
FROM json_each(:articles) a JOIN produits p ON p.id = json_extract(a.value, '$.produit_id')
GROUP BY p.id;
UPDATE ventes SET note = :note WHERE id = :vente_id AND NOT EXISTS (
    SELECT 1 FROM lignes l JOIN produits p ON p.id = l.produit_id
    WHERE l.vente_id = :vente_id AND l.quantite > p.stock);
-- expect: 1 "Stock insuffisant"
UPDATE produits SET stock = produits.stock - l.quantite
FROM lignes l WHERE l.vente_id = :vente_id AND l.produit_id = produits.id;
SELECT id, vendeur_id, client_id, statut, total, note, at FROM ventes WHERE id = :vente_id;

-- One more article on a sale that is not paid yet.
-- name: addLine :one
-- param: vente_id integer
-- param: produit_id integer
-- param: quantite integer = 1
-- roles: administrateur, vendeur, caisse
INSERT INTO lignes(vente_id, produit_id, quantite, prix_unitaire)
SELECT v.id, p.id, :quantite, p.prix FROM ventes v, produits p
WHERE v.id = :vente_id AND v.statut = 'en_attente' AND p.id = :produit_id AND p.actif = 1;
-- expect: 1 "Vente déjà réglée, ou article inconnu"
UPDATE produits SET stock = stock - :quantite WHERE id = :produit_id AND stock >= :quantite;
-- expect: 1 "Stock insuffisant"
SELECT id, statut, total FROM ventes WHERE id = :vente_id;

-- Before payment: the goods go back to the shelf.
-- name: cancelSale :one
-- param: vente_id integer
-- roles: administrateur, vendeur, caisse
UPDATE ventes SET statut = 'annulee' WHERE id = :vente_id AND statut = 'en_attente';
-- expect: 1 "Cette vente n'est plus en attente"
UPDATE produits SET stock = produits.stock + l.quantite
FROM (SELECT produit_id, sum(quantite) AS quantite FROM lignes WHERE vente_id = :vente_id GROUP BY produit_id) AS l
WHERE l.produit_id = produits.id;
SELECT id, statut, total FROM ventes WHERE id = :vente_id;

-- What waits for the register, the oldest first.
-- name: pendingSales :many
-- param: limit integer = 100
-- roles: administrateur, vendeur, caisse
-- http: GET /ventes/en-attente
SELECT v.id, v.at, v.total, u.display_name AS vendeur, c.nom AS client
FROM ventes v
LEFT JOIN _comptoir_user u ON u.id = v.vendeur_id
LEFT JOIN clients c ON c.id = v.client_id
WHERE v.statut = 'en_attente' ORDER BY v.at, v.id LIMIT min(:limit, 1000);

-- name: saleLines :many
-- param: vente_id integer
-- roles: administrateur, vendeur, caisse
-- http: GET /ventes/:vente_id/lignes
SELECT l.id, l.produit_id, p.nom, l.quantite, l.prix_unitaire, l.quantite * l.prix_unitaire AS montant
FROM lignes l JOIN produits p ON p.id = l.produit_id
WHERE l.vente_id = :vente_id ORDER BY l.id;
