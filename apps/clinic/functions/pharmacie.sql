-- Medicines and their stock.

-- name: getMedicines :many
-- param: term text = ""
-- param: limit integer = 1000
-- roles: administrateur, medecin, infirmier, pharmacien
-- http: GET /api/medicines
-- envelope: success
SELECT id, nom, dci, forme, dosage, stock FROM medicaments
WHERE actif = 1 AND (nom LIKE '%' || :term || '%' OR dci LIKE '%' || :term || '%')
ORDER BY nom, dosage, id LIMIT max(0, min(:limit, 5000));

-- How to take a medicine, as the doctor picks it.
-- name: getQuantities :many
-- roles: administrateur, medecin, infirmier, pharmacien
-- http: GET /api/quantities
-- envelope: success
SELECT id, libelle FROM quantites ORDER BY libelle;

-- name: createQuantity :one
-- param: libelle text
-- roles: medecin, pharmacien
-- http: POST /api/quantities
-- envelope: success
INSERT INTO quantites(libelle) SELECT trim(:libelle) WHERE trim(:libelle) <> '' RETURNING id, libelle;
-- expect: 1 "Le libellé est vide"

-- name: createMedicine :one
-- param: nom text
-- param: dci text?
-- param: forme text?
-- param: dosage text?
-- param: stock integer = 0
-- param: seuil_alerte integer = 10
-- roles: administrateur, pharmacien
-- http: POST /api/medicines
-- envelope: success
INSERT INTO medicaments(nom, dci, forme, dosage, stock, seuil_alerte)
VALUES (trim(:nom), :dci, :forme, :dosage, :stock, :seuil_alerte)
RETURNING id, nom, dci, forme, dosage, stock, seuil_alerte;

-- Adds to a stock (a delivery) or, with a negative quantity, takes from it (expired, broken, a count).
-- name: adjustMedicineStock :one
-- param: medicament_id integer
-- param: quantite integer
-- param: motif text
-- roles: administrateur, pharmacien
-- http: POST /api/medicines/:medicament_id/stock
-- envelope: success
UPDATE medicaments SET stock = stock + :quantite
WHERE id = :medicament_id AND :quantite <> 0 AND stock + :quantite >= 0;
-- expect: 1 "Stock insuffisant ou médicament inconnu"
UPDATE mouvements_medicaments SET motif = :motif, auteur_id = :me_id
WHERE id = (SELECT max(id) FROM mouvements_medicaments WHERE medicament_id = :medicament_id);
-- expect: 1
SELECT id, nom, dosage, stock FROM medicaments WHERE id = :medicament_id;

-- name: lowMedicines :many
-- param: limit integer = 100
-- roles: administrateur, pharmacien
SELECT id, nom, forme, dosage, stock, seuil_alerte FROM medicaments
WHERE actif = 1 AND stock <= seuil_alerte ORDER BY stock - seuil_alerte, nom LIMIT max(0, min(:limit, 1000));

-- name: medicineHistory :many
-- param: medicament_id integer
-- param: limit integer = 100
-- roles: administrateur, pharmacien
SELECT id, quantite, stock, motif, auteur_id, at FROM mouvements_medicaments
WHERE medicament_id = :medicament_id ORDER BY id DESC LIMIT max(0, min(:limit, 1000));
