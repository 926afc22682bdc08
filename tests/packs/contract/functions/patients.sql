-- functions/patients.sql: several functions a file, sqlc's annotations
-- name: searchPatients :many
-- param: term text
-- param: limit integer = 100
-- roles: medecin, secretaire
-- http: GET /patients/search/:term
SELECT id, nom, prenom FROM patients WHERE nom LIKE '%' || :term || '%' ORDER BY nom LIMIT :limit;

-- name: sell :one
-- param: produit_id integer
-- param: quantite integer
-- roles: vendeur, caisse
INSERT INTO ventes(vendeur_id, at) VALUES (:me_id, :now) RETURNING id;
-- let: vente_id
UPDATE produits SET stock = stock - :quantite WHERE id = :produit_id AND stock >= :quantite;
-- expect: 1 "Stock insuffisant"
INSERT INTO lignes(vente_id, produit_id, quantite) VALUES (:vente_id, :produit_id, :quantite) RETURNING vente_id AS id;
