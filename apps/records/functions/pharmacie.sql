-- The pharmacy's stock, and words to everybody of a role.

-- name: getInventory :many
-- param: term text = ""
-- roles: administrateur, pharmacien
-- http: GET /inventory
-- envelope: success
SELECT id, medicament, dosage, quantite, seuil FROM inventaire
WHERE medicament LIKE '%' || :term || '%' ORDER BY medicament, dosage LIMIT 1000;

-- name: adjustInventory :one
-- param: id integer
-- param: quantite integer
-- roles: pharmacien
-- http: POST /inventory/:id
-- envelope: success
UPDATE inventaire SET quantite = quantite + :quantite WHERE id = :id AND quantite + :quantite >= 0;
-- expect: 1 "Stock insuffisant ou article inconnu"
SELECT id, medicament, dosage, quantite, seuil FROM inventaire WHERE id = :id;

-- name: announce :one
-- param: role text
-- param: titre text
-- param: texte text = ""
-- roles: administrateur, medecin
-- http: POST /announcements
-- envelope: success
INSERT INTO annonces(role, titre, texte, auteur_id, at) VALUES (:role, trim(:titre), :texte, :me_id, :now)
RETURNING id, role, titre, texte, at;
