-- People. Accounts are made by an administrator; here they get a file.

-- Who one is here, in the shape that front ends keep beside the token.
-- name: whoAmI :one
-- roles: administrateur, medecin, secretaire, patient
-- http: GET /moi
-- envelope: success
SELECT :me_id AS userId, :me_role AS userType, :me_role AS role, u.display_name AS nom_affiche,
       p.id_patient, m.id_professionnel, COALESCE(p.nom, m.nom) AS nom, COALESCE(p.prenom, m.prenom) AS prenom
FROM _comptoir_user u LEFT JOIN patients p ON p.id_patient = u.id LEFT JOIN professionnels m ON m.id_professionnel = u.id
WHERE u.id = :me_id;

-- name: getProfessionnels :many
-- param: specialite text?
-- roles: administrateur, medecin, secretaire, patient
-- http: GET /professionnels
-- envelope: success
SELECT p.id_professionnel, p.nom, p.prenom, p.specialite, p.langues, p.tarif, p.duree_min
FROM professionnels p WHERE p.actif = 1 AND (:specialite IS NULL OR p.specialite = :specialite)
ORDER BY p.specialite, p.nom, p.id_professionnel;

-- name: registerProfessionnel :one
-- param: username text
-- param: nom text
-- param: prenom text
-- param: specialite text = "Médecine générale"
-- param: langues text = "fr"
-- param: tarif integer = 0
-- roles: administrateur
-- http: POST /professionnels
-- envelope: success
INSERT INTO professionnels(id_professionnel, nom, prenom, specialite, langues, tarif)
SELECT u.id, trim(:nom), trim(:prenom), :specialite, :langues, :tarif
FROM _comptoir_user u WHERE u.username = :username AND u.role = 'medecin' AND u.active = 1
RETURNING id_professionnel, nom, prenom, specialite, tarif;
-- expect: 1 "Aucun compte de médecin à ce nom"

-- name: registerPatient :one
-- param: username text
-- param: nom text
-- param: prenom text
-- param: date_naissance text?
-- param: sexe text?
-- param: telephone text?
-- param: email text?
-- roles: administrateur, secretaire
-- http: POST /patients
-- envelope: success
INSERT INTO patients(id_patient, nom, prenom, date_naissance, sexe, telephone, email, cree_at)
SELECT u.id, trim(:nom), trim(:prenom), :date_naissance, :sexe, :telephone, :email, :now
FROM _comptoir_user u WHERE u.username = :username AND u.role = 'patient' AND u.active = 1
RETURNING id_patient, nom, prenom, date_naissance, sexe, telephone, email;
-- expect: 1 "Aucun compte de patient à ce nom"

-- A doctor finds his own patients, the secretary all of them.
-- name: searchPatients :many
-- param: term text
-- param: limit integer = 50
-- roles: administrateur, medecin, secretaire
-- http: GET /patients/search/:term
-- envelope: success
SELECT p.id_patient, p.nom, p.prenom, p.date_naissance, p.telephone
FROM patients p
WHERE (p.nom || ' ' || p.prenom LIKE '%' || :term || '%' OR p.prenom || ' ' || p.nom LIKE '%' || :term || '%')
  AND (:me_role <> 'medecin' OR EXISTS (SELECT 1 FROM rendez_vous r WHERE r.patient_id = p.id_patient AND r.medecin_id = :me_id))
ORDER BY p.nom, p.prenom, p.id_patient LIMIT max(0, min(:limit, 200));

-- The file, for a doctor with whom the patient has or had an appointment, and for the patient.
-- name: getPatient :one
-- param: id integer
-- roles: medecin, patient
-- http: GET /patients/:id
-- envelope: success
SELECT p.id_patient, p.nom, p.prenom, p.date_naissance, p.sexe, p.telephone, p.email, p.antecedents,
       (SELECT count(*) FROM rendez_vous r WHERE r.patient_id = p.id_patient AND r.statut = 'termine') AS consultations
FROM patients p
WHERE p.id_patient = :id
  AND (p.id_patient = :me_id OR (:me_role = 'medecin' AND EXISTS (
      SELECT 1 FROM rendez_vous r WHERE r.patient_id = p.id_patient AND r.medecin_id = :me_id AND r.statut <> 'annule')));

-- name: updateAntecedents :one
-- param: id integer
-- param: antecedents text
-- roles: medecin
-- http: PUT /patients/:id/antecedents
-- envelope: success
UPDATE patients SET antecedents = :antecedents
WHERE id_patient = :id AND EXISTS (
    SELECT 1 FROM rendez_vous r WHERE r.patient_id = :id AND r.medecin_id = :me_id AND r.statut IN ('confirme', 'en_cours', 'termine'));
-- expect: 1 "Ce patient n'est pas suivi par vous"
SELECT id_patient, nom, prenom, antecedents FROM patients WHERE id_patient = :id;
