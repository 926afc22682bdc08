-- Prescriptions. `lignes` is [{"medicament_id": 4, "quantite_id": 2, "duree": "5 jours", "boites": 1}, …]; only
-- `medicament_id` must be there. In answers it is that list as JSON text, with the names.

-- name: getOrdonnancesByPatient :many
-- param: patientCode integer
-- param: limit integer = 100
-- roles: administrateur, medecin, infirmier, pharmacien
-- http: GET /api/ordonnances/:patientCode
-- envelope: success
SELECT o.id, o.patient_code, o.visite_id, o.medecin_id, u.display_name AS medecin, o.statut, o.note, o.cree_at,
       o.modifie_at, o.delivree_at,
       (SELECT json_group_array(json_object('medicament_id', l.medicament_id, 'nom', m.nom, 'dosage', m.dosage,
                   'quantite_id', l.quantite_id, 'quantite', q.libelle, 'duree', l.duree, 'boites', l.boites)
               ORDER BY l.rang)
        FROM lignes_ordonnance l JOIN medicaments m ON m.id = l.medicament_id
        LEFT JOIN quantites q ON q.id = l.quantite_id WHERE l.ordonnance_id = o.id) AS lignes
FROM ordonnances o LEFT JOIN _comptoir_user u ON u.id = o.medecin_id
WHERE o.patient_code = :patientCode ORDER BY o.id DESC LIMIT max(0, min(:limit, 1000));

-- name: createOrdonnance :one
-- param: patientCode integer
-- param: lignes json
-- param: note text?
-- param: visite_id integer?
-- roles: medecin
-- http: POST /api/ordonnances
-- envelope: success
SELECT count(*) + (json_array_length(:lignes) = 0)
FROM json_each(:lignes) l
LEFT JOIN medicaments m ON m.id = json_extract(l.value, '$.medicament_id') AND m.actif = 1
LEFT JOIN quantites q ON q.id = json_extract(l.value, '$.quantite_id')
WHERE m.id IS NULL OR (q.id IS NULL AND json_extract(l.value, '$.quantite_id') IS NOT NULL);
-- let: inconnus
INSERT INTO ordonnances(patient_code, visite_id, medecin_id, note, cree_at)
SELECT p.code, v.id, :me_id, :note, :now
FROM patients p LEFT JOIN visites v ON v.id = :visite_id AND v.patient_code = p.code
WHERE p.code = :patientCode AND :inconnus = 0 AND (:visite_id IS NULL OR v.id IS NOT NULL);
-- expect: 1 "Patient ou visite inconnus, ou ordonnance vide ou avec un médicament inconnu"
SELECT max(id) FROM ordonnances;
-- let: ordonnance_id
INSERT INTO lignes_ordonnance(ordonnance_id, rang, medicament_id, quantite_id, duree, boites)
SELECT :ordonnance_id, l.key + 1, json_extract(l.value, '$.medicament_id'), json_extract(l.value, '$.quantite_id'),
       json_extract(l.value, '$.duree'), COALESCE(json_extract(l.value, '$.boites'), 1)
FROM json_each(:lignes) l;
SELECT o.id, o.patient_code, o.visite_id, o.medecin_id, o.statut, o.note, o.cree_at,
       (SELECT count(*) FROM lignes_ordonnance WHERE ordonnance_id = o.id) AS medicaments
FROM ordonnances o WHERE o.id = :ordonnance_id;

-- Only the doctor who wrote it, and only until it is dispensed. Without `lignes` they stay.
-- name: updateOrdonnance :one
-- param: id integer
-- param: lignes json?
-- param: note text?
-- roles: medecin
-- http: PUT /api/ordonnances/:id
-- envelope: success
SELECT count(*) + COALESCE(json_array_length(:lignes) = 0, 0)
FROM json_each(COALESCE(:lignes, '[]')) l
LEFT JOIN medicaments m ON m.id = json_extract(l.value, '$.medicament_id') AND m.actif = 1
LEFT JOIN quantites q ON q.id = json_extract(l.value, '$.quantite_id')
WHERE m.id IS NULL OR (q.id IS NULL AND json_extract(l.value, '$.quantite_id') IS NOT NULL);
-- let: inconnus
UPDATE ordonnances SET note = COALESCE(:note, note), modifie_at = :now
WHERE id = :id AND medecin_id = :me_id AND statut = 'active' AND :inconnus = 0;
-- expect: 1 "Ordonnance inconnue, déjà délivrée ou d'un confrère, ou médicament inconnu"
DELETE FROM lignes_ordonnance WHERE ordonnance_id = :id AND :lignes IS NOT NULL;
INSERT INTO lignes_ordonnance(ordonnance_id, rang, medicament_id, quantite_id, duree, boites)
SELECT :id, l.key + 1, json_extract(l.value, '$.medicament_id'), json_extract(l.value, '$.quantite_id'),
       json_extract(l.value, '$.duree'), COALESCE(json_extract(l.value, '$.boites'), 1)
FROM json_each(COALESCE(:lignes, '[]')) l;
SELECT o.id, o.patient_code, o.visite_id, o.medecin_id, o.statut, o.note, o.cree_at, o.modifie_at,
       (SELECT count(*) FROM lignes_ordonnance WHERE ordonnance_id = o.id) AS medicaments
FROM ordonnances o WHERE o.id = :id;

-- name: deleteOrdonnance :one
-- param: id integer
-- roles: medecin
-- http: DELETE /api/ordonnances/:id
-- envelope: success
DELETE FROM ordonnances WHERE id = :id AND medecin_id = :me_id AND statut <> 'delivree' RETURNING id;
-- expect: 1 "Ordonnance inconnue, déjà délivrée ou d'un confrère"

-- What the pharmacy has to hand out, the oldest first, with what could harm.
-- name: ordonnancesToDispense :many
-- param: limit integer = 100
-- roles: pharmacien
-- http: GET /ordonnances/a-delivrer
-- envelope: success
SELECT o.id, o.patient_code, p.nom, p.prenom, p.date_naissance, p.allergies, u.display_name AS medecin, o.note,
       o.cree_at, (SELECT count(*) FROM lignes_ordonnance WHERE ordonnance_id = o.id) AS medicaments
FROM ordonnances o JOIN patients p ON p.code = o.patient_code LEFT JOIN _comptoir_user u ON u.id = o.medecin_id
WHERE o.statut = 'active' ORDER BY o.cree_at, o.id LIMIT max(0, min(:limit, 1000));

-- name: ordonnanceLines :many
-- param: ordonnance_id integer
-- roles: administrateur, medecin, infirmier, pharmacien
-- http: GET /ordonnances/:ordonnance_id/lignes
-- envelope: success
SELECT l.id, l.rang, l.medicament_id, m.nom, m.forme, m.dosage, q.libelle AS quantite, l.duree, l.boites, m.stock
FROM lignes_ordonnance l JOIN medicaments m ON m.id = l.medicament_id LEFT JOIN quantites q ON q.id = l.quantite_id
WHERE l.ordonnance_id = :ordonnance_id ORDER BY l.rang;

-- All of it, or nothing.
-- name: dispenseOrdonnance :one
-- param: ordonnance_id integer
-- roles: pharmacien
-- http: POST /ordonnances/:ordonnance_id/delivrance
-- envelope: success
UPDATE ordonnances SET statut = 'delivree', delivree_par = :me_id, delivree_at = :now
WHERE id = :ordonnance_id AND statut = 'active';
-- expect: 1 "Cette ordonnance n'est plus à délivrer"
SELECT count(*) FROM (SELECT l.medicament_id, sum(l.boites) AS boites FROM lignes_ordonnance l
                      WHERE l.ordonnance_id = :ordonnance_id GROUP BY l.medicament_id) d
JOIN medicaments m ON m.id = d.medicament_id WHERE m.stock < d.boites;
-- let: manquants
UPDATE ordonnances SET delivree_par = :me_id WHERE id = :ordonnance_id AND :manquants = 0;
-- expect: 1 "Stock insuffisant pour au moins un médicament"
UPDATE medicaments SET stock = medicaments.stock - d.boites
FROM (SELECT medicament_id, sum(boites) AS boites FROM lignes_ordonnance
      WHERE ordonnance_id = :ordonnance_id GROUP BY medicament_id) AS d
WHERE d.medicament_id = medicaments.id;
UPDATE mouvements_medicaments SET motif = 'ordonnance ' || :ordonnance_id, auteur_id = :me_id
WHERE motif IS NULL AND medicament_id IN (SELECT medicament_id FROM lignes_ordonnance
                                          WHERE ordonnance_id = :ordonnance_id);
SELECT id, patient_code, statut, delivree_par, delivree_at FROM ordonnances WHERE id = :ordonnance_id;
