-- Prescriptions: the doctor writes one with one call; a rule tells the pharmacists, nobody's code does.

-- `medicaments`: [{"medicament": "Amoxicilline", "dosage": "500 mg", "posologie": "1 gélule matin et soir",
-- "duree": "6 jours", "quantite": 2}, …]; only `medicament` must be there.
-- name: createPrescription :one
-- param: patient_id integer
-- param: medicaments json
-- param: note text?
-- roles: medecin
-- http: POST /prescriptions
-- envelope: success
SELECT count(*) FROM json_each(:medicaments) m WHERE trim(COALESCE(json_extract(m.value, '$.medicament'), '')) <> '';
-- let: bons
INSERT INTO prescriptions(numero, patient_id, medecin_id, note, cree_at)
SELECT printf('RX-%s-%05d', substr(:now, 1, 4), (SELECT COALESCE(max(id), 0) + 1 FROM prescriptions)), p.id, :me_id, :note, :now
FROM patients p WHERE p.id = :patient_id AND :bons > 0 AND :bons = json_array_length(:medicaments);
-- expect: 1 "Patient inconnu, ou ordonnance vide"
SELECT max(id) FROM prescriptions;
-- let: prescription_id
INSERT INTO lignes_prescription(prescription_id, patient_id, medecin_id, rang, medicament, dosage, posologie, duree, quantite)
SELECT :prescription_id, :patient_id, :me_id, m.key + 1, trim(json_extract(m.value, '$.medicament')),
       json_extract(m.value, '$.dosage'), json_extract(m.value, '$.posologie'), json_extract(m.value, '$.duree'),
       COALESCE(json_extract(m.value, '$.quantite'), 1)
FROM json_each(:medicaments) m;
SELECT id, numero, patient_id, medecin_id, statut, note, cree_at FROM prescriptions WHERE id = :prescription_id;

-- The patient's own, the doctor's own, or what the pharmacy has to do; the newest first.
-- name: getPrescriptions :many
-- param: statut text?
-- param: limit integer = 100
-- roles: patient, medecin, pharmacien
-- http: GET /prescriptions
-- envelope: success
SELECT r.id, r.numero, r.patient_id, p.nom, p.prenom, r.medecin_id, u.display_name AS medecin, r.pharmacien_id, r.statut,
       r.note, r.cree_at, r.modifie_at,
       (SELECT count(*) FROM lignes_prescription l WHERE l.prescription_id = r.id) AS medicaments
FROM prescriptions r JOIN patients p ON p.id = r.patient_id LEFT JOIN _comptoir_user u ON u.id = r.medecin_id
WHERE (:me_role = 'pharmacien' OR r.patient_id = :me_id OR r.medecin_id = :me_id)
  AND (:statut IS NULL OR r.statut = :statut)
ORDER BY r.id DESC LIMIT max(0, min(:limit, 500));

-- name: prescriptionLines :many
-- param: id integer
-- roles: patient, medecin, pharmacien
-- http: GET /prescriptions/:id/lines
-- envelope: success
SELECT l.id, l.rang, l.medicament, l.dosage, l.posologie, l.duree, l.quantite
FROM lignes_prescription l
WHERE l.prescription_id = :id AND (:me_role = 'pharmacien' OR l.patient_id = :me_id OR l.medecin_id = :me_id)
ORDER BY l.rang;

-- One step on its way: validee, preparee, prete. Who takes the first step has it.
-- name: setPrescriptionStatus :one
-- param: id integer
-- param: statut text
-- roles: pharmacien
-- http: PUT /prescriptions/:id/status
-- envelope: success
UPDATE prescriptions SET statut = :statut, pharmacien_id = :me_id, modifie_at = :now
WHERE id = :id AND (pharmacien_id IS NULL OR pharmacien_id = :me_id)
  AND :statut = CASE statut WHEN 'nouvelle' THEN 'validee' WHEN 'validee' THEN 'preparee' WHEN 'preparee' THEN 'prete' END;
-- expect: 1 "Ce n'est pas l'étape suivante, ou un confrère s'en occupe"
SELECT id, numero, patient_id, statut, pharmacien_id, modifie_at FROM prescriptions WHERE id = :id;

-- Handed over: at the counter, or at the door.
-- name: confirmDelivery :one
-- param: id integer
-- roles: pharmacien
-- http: POST /prescriptions/:id/delivery
-- envelope: success
UPDATE prescriptions SET statut = 'livree', pharmacien_id = :me_id, modifie_at = :now WHERE id = :id AND statut = 'prete';
-- expect: 1 "Cette ordonnance n'est pas prête"
UPDATE livraisons SET statut = 'confirmee', confirme_at = :now WHERE prescription_id = :id AND statut IN ('demandee', 'en_route');
UPDATE inventaire SET quantite = max(0, inventaire.quantite - l.quantite)
FROM (SELECT medicament, dosage, sum(quantite) AS quantite FROM lignes_prescription
      WHERE prescription_id = :id GROUP BY medicament, dosage) AS l
WHERE l.medicament = inventaire.medicament AND l.dosage IS inventaire.dosage;
SELECT id, numero, patient_id, statut, modifie_at FROM prescriptions WHERE id = :id;

-- The doctor thinks again, before it is prepared.
-- name: cancelPrescription :one
-- param: id integer
-- roles: medecin
-- http: DELETE /prescriptions/:id
-- envelope: success
UPDATE prescriptions SET statut = 'annulee', modifie_at = :now
WHERE id = :id AND medecin_id = :me_id AND statut IN ('nouvelle', 'validee');
-- expect: 1 "Trop tard, ou ordonnance d'un confrère"
SELECT id, numero, statut FROM prescriptions WHERE id = :id;

-- The patient wants it brought. Without an address: the one of the file.
-- name: requestDelivery :one
-- param: id integer
-- param: adresse text?
-- roles: patient
-- http: POST /prescriptions/:id/delivery-request
-- envelope: success
INSERT INTO livraisons(prescription_id, patient_id, adresse, demande_at)
SELECT r.id, r.patient_id, COALESCE(:adresse, p.adresse, ''), :now
FROM prescriptions r JOIN patients p ON p.id = r.patient_id
WHERE r.id = :id AND r.patient_id = :me_id AND r.statut NOT IN ('livree', 'annulee');
-- expect: 1 "Cette ordonnance n'est pas à livrer"
SELECT id, prescription_id, adresse, statut, demande_at FROM livraisons WHERE prescription_id = :id AND statut <> 'annulee';

-- name: deliveriesToMake :many
-- roles: pharmacien
-- http: GET /deliveries
-- envelope: success
SELECT l.id, l.prescription_id, r.numero, p.nom, p.prenom, p.telephone, l.adresse, l.statut, l.demande_at
FROM livraisons l JOIN prescriptions r ON r.id = l.prescription_id JOIN patients p ON p.id = l.patient_id
WHERE l.statut IN ('demandee', 'en_route') ORDER BY l.id LIMIT 500;

-- name: startDelivery :one
-- param: id integer
-- roles: pharmacien
UPDATE livraisons SET statut = 'en_route' WHERE id = :id AND statut = 'demandee';
-- expect: 1 "Livraison inconnue ou déjà partie"
SELECT id, prescription_id, statut FROM livraisons WHERE id = :id;
