-- Access requests: the doctor asks, the patient answers.

-- Found by name or number of the account; enough to ask, no more.
-- name: searchPatients :many
-- param: term text
-- param: limit integer = 50
-- roles: administrateur, medecin
-- http: GET /patients/search/:term
-- envelope: success
SELECT p.id, p.nom, p.prenom, p.date_naissance,
       (SELECT d.statut FROM demandes_acces d WHERE d.patient_id = p.id AND d.medecin_id = :me_id
        ORDER BY d.id DESC LIMIT 1) AS acces
FROM patients p
WHERE p.nom || ' ' || p.prenom LIKE '%' || :term || '%' OR p.prenom || ' ' || p.nom LIKE '%' || :term || '%'
   OR p.id = CAST(:term AS INTEGER)
ORDER BY p.nom, p.prenom, p.id LIMIT max(0, min(:limit, 200));

-- An account of the role `patient` becomes a file.
-- name: registerPatient :one
-- param: username text
-- param: nom text
-- param: prenom text
-- param: date_naissance text?
-- param: sexe text?
-- param: telephone text?
-- param: adresse text?
-- roles: administrateur, medecin
-- http: POST /patients
-- envelope: success
INSERT INTO patients(id, nom, prenom, date_naissance, sexe, telephone, adresse, cree_at)
SELECT u.id, trim(:nom), trim(:prenom), :date_naissance, :sexe, :telephone, :adresse, :now
FROM _comptoir_user u WHERE u.username = :username AND u.role = 'patient' AND u.active = 1
RETURNING id, nom, prenom, date_naissance, sexe, telephone, adresse;
-- expect: 1 "Aucun compte de patient à ce nom"

-- name: requestAccess :one
-- param: patient_id integer
-- param: motif text?
-- roles: medecin
-- http: POST /access-requests
-- envelope: success
INSERT INTO demandes_acces(patient_id, medecin_id, motif, demande_at)
SELECT p.id, :me_id, :motif, :now FROM patients p
WHERE p.id = :patient_id AND NOT EXISTS (
    SELECT 1 FROM demandes_acces d WHERE d.patient_id = p.id AND d.medecin_id = :me_id
      AND (d.statut = 'en_attente' OR (d.statut = 'approuvee' AND d.expire_at > :now)));
-- expect: 1 "Patient inconnu, ou demande déjà faite"
SELECT id, patient_id, medecin_id, motif, statut, demande_at FROM demandes_acces
WHERE id = (SELECT max(id) FROM demandes_acces);

-- One's own: what the patient has to answer, what the doctor asked for.
-- name: accessRequests :many
-- param: statut text?
-- param: limit integer = 100
-- roles: patient, medecin
-- http: GET /access-requests
-- envelope: success
SELECT d.id, d.patient_id, p.nom, p.prenom, d.medecin_id, u.display_name AS medecin, d.motif,
       CASE WHEN d.statut = 'approuvee' AND d.expire_at <= :now THEN 'expiree' ELSE d.statut END AS statut,
       d.demande_at, d.repondu_at, d.expire_at
FROM demandes_acces d JOIN patients p ON p.id = d.patient_id LEFT JOIN _comptoir_user u ON u.id = d.medecin_id
WHERE (d.patient_id = :me_id OR d.medecin_id = :me_id) AND (:statut IS NULL OR d.statut = :statut)
ORDER BY d.id DESC LIMIT max(0, min(:limit, 500));

-- The patient says yes, for so many days, or no.
-- name: answerAccessRequest :one
-- param: id integer
-- param: approuver boolean
-- param: jours integer = 90
-- roles: patient
-- http: PUT /access-requests/:id
-- envelope: success
UPDATE demandes_acces
SET statut = CASE WHEN :approuver THEN 'approuvee' ELSE 'rejetee' END, repondu_at = :now,
    expire_at = CASE WHEN :approuver THEN strftime('%Y-%m-%dT%H:%M:%fZ', :now, '+' || max(1, min(:jours, 3650)) || ' days') END
WHERE id = :id AND patient_id = :me_id AND statut = 'en_attente';
-- expect: 1 "Cette demande n'attend pas votre réponse"
SELECT id, patient_id, medecin_id, statut, repondu_at, expire_at FROM demandes_acces WHERE id = :id;

-- The patient takes it back.
-- name: revokeAccess :one
-- param: id integer
-- roles: patient
-- http: DELETE /access-requests/:id
-- envelope: success
UPDATE demandes_acces SET statut = 'revoquee', expire_at = :now
WHERE id = :id AND patient_id = :me_id AND statut = 'approuvee';
-- expect: 1 "Cet accès n'est pas ouvert"
SELECT id, patient_id, medecin_id, statut FROM demandes_acces WHERE id = :id;
