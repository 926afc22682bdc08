-- Visits: reception, waiting room, consultation.

-- The patient is at reception. Without `medecin_id`: whoever is free.
-- name: createVisit :one
-- param: patient_code integer
-- param: medecin_id integer?
-- param: motif text?
-- param: urgente boolean = false
-- roles: administrateur, medecin, infirmier, secretaire
-- http: POST /visites
-- envelope: success
INSERT INTO visites(patient_code, medecin_id, motif, urgente, arrivee_at)
SELECT p.code, :medecin_id, :motif, :urgente, :now FROM patients p
WHERE p.code = :patient_code AND p.actif = 1
  AND (:medecin_id IS NULL OR EXISTS (SELECT 1 FROM _comptoir_user WHERE id = :medecin_id AND role = 'medecin'))
  AND NOT EXISTS (SELECT 1 FROM visites v WHERE v.patient_code = p.code AND v.statut IN ('attente', 'en_cours'));
-- expect: 1 "Patient inconnu ou déjà présent, ou médecin inconnu"
SELECT id, patient_code, medecin_id, statut, motif, urgente, arrivee_at FROM visites
WHERE id = (SELECT max(id) FROM visites);

-- Who waits and who is being seen: emergencies first, then in order of arrival.
-- name: waitingRoom :many
-- param: medecin_id integer?
-- roles: administrateur, medecin, infirmier, secretaire
-- http: GET /visites/attente
-- envelope: success
SELECT v.id, v.patient_code, p.nom, p.prenom, v.medecin_id, u.display_name AS medecin, v.statut, v.motif, v.urgente,
       v.arrivee_at, EXISTS (SELECT 1 FROM constantes c WHERE c.visite_id = v.id) AS constantes_prises
FROM visites v JOIN patients p ON p.code = v.patient_code LEFT JOIN _comptoir_user u ON u.id = v.medecin_id
WHERE v.statut IN ('attente', 'en_cours')
  AND (:medecin_id IS NULL OR v.medecin_id IS NULL OR v.medecin_id = :medecin_id)
ORDER BY v.statut DESC, v.urgente DESC, v.arrivee_at, v.id;

-- All visits of a patient, with what was found.
-- name: getAllVisitsByPatient :many
-- param: patientCode integer
-- param: limit integer = 100
-- roles: medecin
-- http: GET /patients/:patientCode/visites
-- envelope: success
SELECT v.id, v.arrivee_at, v.statut, v.motif, v.urgente, v.symptomes, v.diagnostic, v.conduite, v.medecin_id,
       u.display_name AS medecin
FROM visites v LEFT JOIN _comptoir_user u ON u.id = v.medecin_id
WHERE v.patient_code = :patientCode ORDER BY v.id DESC LIMIT max(0, min(:limit, 1000));

-- name: recordVitals :one
-- param: visite_id integer
-- param: temperature real?
-- param: tension text?
-- param: pouls integer?
-- param: saturation integer?
-- param: poids real?
-- param: taille real?
-- roles: medecin, infirmier
-- http: POST /visites/:visite_id/constantes
-- envelope: success
INSERT INTO constantes(visite_id, temperature, tension, pouls, saturation, poids, taille, soignant_id, at)
SELECT id, :temperature, :tension, :pouls, :saturation, :poids, :taille, :me_id, :now
FROM visites WHERE id = :visite_id AND statut IN ('attente', 'en_cours');
-- expect: 1 "Cette visite n'est pas en cours"
SELECT id, visite_id, temperature, tension, pouls, saturation, poids, taille, soignant_id, at FROM constantes
WHERE id = (SELECT max(id) FROM constantes);

-- The curve of a patient, the newest first.
-- name: getVitals :many
-- param: patientCode integer
-- param: limit integer = 50
-- roles: medecin, infirmier
-- http: GET /patients/:patientCode/constantes
-- envelope: success
SELECT c.id, c.visite_id, c.temperature, c.tension, c.pouls, c.saturation, c.poids, c.taille, c.at
FROM constantes c JOIN visites v ON v.id = c.visite_id
WHERE v.patient_code = :patientCode ORDER BY c.id DESC LIMIT max(0, min(:limit, 1000));

-- The doctor calls the patient in. Another one's patient is not called.
-- name: startVisit :one
-- param: visite_id integer
-- roles: medecin
-- http: POST /visites/:visite_id/debut
-- envelope: success
UPDATE visites SET statut = 'en_cours', medecin_id = :me_id, debut_at = :now
WHERE id = :visite_id AND statut = 'attente' AND (medecin_id IS NULL OR medecin_id = :me_id);
-- expect: 1 "Cette visite n'attend pas, ou attend un confrère"
SELECT v.id, v.patient_code, p.nom, p.prenom, p.sexe, p.date_naissance, p.allergies, p.antecedents, v.motif, v.debut_at
FROM visites v JOIN patients p ON p.code = v.patient_code WHERE v.id = :visite_id;

-- name: addAct :one
-- param: visite_id integer
-- param: acte_id integer
-- param: quantite integer = 1
-- roles: medecin, infirmier
INSERT INTO visite_actes(visite_id, acte_id, quantite, prix)
SELECT v.id, a.id, :quantite, a.prix FROM visites v, actes a
WHERE v.id = :visite_id AND v.statut IN ('attente', 'en_cours') AND a.id = :acte_id AND a.actif = 1;
-- expect: 1 "Visite terminée, ou acte inconnu"
SELECT visite_id, sum(quantite * prix) AS montant FROM visite_actes WHERE visite_id = :visite_id;

-- The end of a consultation: it costs at least a consultation. The till is told.
-- name: finishVisit :one
-- param: visite_id integer
-- param: symptomes text?
-- param: diagnostic text
-- param: conduite text?
-- roles: medecin
-- http: POST /visites/:visite_id/fin
-- envelope: success
INSERT INTO visite_actes(visite_id, acte_id, prix)
SELECT :visite_id, id, prix FROM actes
WHERE id = 1 AND NOT EXISTS (SELECT 1 FROM visite_actes WHERE visite_id = :visite_id)
  AND EXISTS (SELECT 1 FROM visites WHERE id = :visite_id AND statut = 'en_cours' AND medecin_id = :me_id);
UPDATE visites
SET statut = 'terminee', fin_at = :now, symptomes = COALESCE(:symptomes, symptomes), diagnostic = :diagnostic,
    conduite = COALESCE(:conduite, conduite)
WHERE id = :visite_id AND statut = 'en_cours' AND medecin_id = :me_id;
-- expect: 1 "Cette visite n'est pas en cours chez vous"
SELECT v.id, v.patient_code, v.statut, v.debut_at, v.fin_at,
       (SELECT COALESCE(sum(quantite * prix), 0) FROM visite_actes WHERE visite_id = v.id) AS montant
FROM visites v WHERE v.id = :visite_id;

-- The patient left without being seen.
-- name: cancelVisit :one
-- param: visite_id integer
-- roles: administrateur, medecin, secretaire
UPDATE visites SET statut = 'annulee', fin_at = :now WHERE id = :visite_id AND statut = 'attente';
-- expect: 1 "Cette visite n'attend plus"
SELECT id, patient_code, statut, fin_at FROM visites WHERE id = :visite_id;

-- name: getDoctors :many
-- roles: administrateur, medecin, infirmier, secretaire, caissier, pharmacien
-- http: GET /medecins
-- envelope: success
SELECT u.id, u.display_name AS nom,
       (SELECT count(*) FROM visites v WHERE v.medecin_id = u.id AND v.statut = 'attente') AS en_attente
FROM _comptoir_user u WHERE u.role = 'medecin' AND u.active = 1 ORDER BY u.display_name, u.id;
