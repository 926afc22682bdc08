-- name: sell :one
-- param: produit_id integer
-- param: quantite integer = 1
-- roles: vendeur, caisse
-- http: POST /ventes/:produit_id
UPDATE produits SET stock = stock - :quantite WHERE id = :produit_id AND stock >= :quantite;
-- expect: 1 "Stock insuffisant"
INSERT INTO ventes(vendeur_id, produit_id, quantite) VALUES (:me_id, :produit_id, :quantite) RETURNING id;
-- let: vente_id
INSERT INTO lignes(texte) VALUES ('vente ' || :vente_id);
SELECT :vente_id AS id, stock FROM produits WHERE id = :produit_id;

-- name: search :many
-- param: terme text
-- param: limite integer = 100
-- roles: vendeur, caisse
-- http: GET /recherche/:terme
SELECT id, nom, prix FROM produits WHERE nom LIKE '%' || :terme || '%' ORDER BY id LIMIT :limite;

-- name: product :one
-- param: id integer
-- roles: vendeur, caisse
-- http: GET /fiche/:id
SELECT id, nom, prix, stock FROM produits WHERE id = :id;

-- name: restock :exec
-- param: produit_id integer
-- param: quantite integer
-- roles: caisse
-- http: POST /reassort
UPDATE produits SET stock = stock + :quantite WHERE id = :produit_id;

-- name: wrapped :many
-- roles: vendeur
-- http: GET /enveloppe
-- envelope: success
SELECT id, nom FROM produits ORDER BY id LIMIT 2;

-- name: margin :one
-- param: id integer
-- roles: caisse
SELECT prix - prix_achat AS marge FROM produits WHERE id = :id;

-- name: echo :one
-- param: t text
-- param: i integer
-- param: r real
-- param: b boolean
-- param: j json
-- param: o text?
-- roles: vendeur
SELECT :t AS t, :i AS i, :r AS r, :b AS b, :j AS j, :o AS o;

-- name: whoami :one
-- roles: vendeur, caisse, patient
SELECT :me_id AS id, :me_role AS role, :me_username AS username, :now AS now;

-- name: colleagues :many
-- roles: vendeur
SELECT username, role FROM _comptoir_user WHERE active = 1 ORDER BY username;

-- name: count :one
-- param: n integer
-- roles: vendeur, caisse
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :n) SELECT count(*) AS n FROM c;

-- name: slowLine :exec
-- param: texte text
-- param: n integer
-- roles: vendeur
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :n)
INSERT INTO lignes(texte) SELECT :texte || ' ' || count(*) FROM c;

-- name: letsNothing :one
-- roles: vendeur
INSERT INTO lignes(texte) VALUES ('avant');
SELECT id FROM produits WHERE id = -1;
-- let: x
SELECT :x AS x;

-- name: letsSeveral :one
-- roles: vendeur
SELECT id FROM produits;
-- let: x
SELECT :x AS x;
