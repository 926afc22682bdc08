-- Patients. Everybody at the counter finds them; only care reads their history.

-- The newest files first, as the first page of the reception shows them.
-- name: getAllPatients :many
-- param: limit integer = 100
-- param: offset integer = 0
-- roles: administrateur, medecin, infirmier, secretaire
-- http: GET /patients
-- envelope: success
SELECT code, nom, prenom, sexe, date_naissance, telephone, adresse, cree_at
FROM patients WHERE actif = 1 ORDER BY code DESC LIMIT max(0, min(:limit, 1000)) OFFSET :offset;

-- By name in either order, telephone, or number of the file.
-- name: searchPatients :many
-- param: term text
-- param: limit integer = 100
-- roles: administrateur, medecin, infirmier, secretaire, caissier
-- http: GET /patients/search/:term
-- envelope: success
SELECT code, nom, prenom, sexe, date_naissance, telephone
FROM patients
WHERE actif = 1 AND (nom || ' ' || prenom LIKE '%' || :term || '%' OR prenom || ' ' || nom LIKE '%' || :term || '%'
                     OR telephone LIKE '%' || :term || '%' OR code = CAST(:term AS INTEGER))
ORDER BY nom, prenom, code LIMIT max(0, min(:limit, 1000));

-- The file. What only care may read is empty for the others.
-- name: getPatient :one
-- param: code integer
-- roles: administrateur, medecin, infirmier, secretaire
-- http: GET /patients/:code
-- envelope: success
SELECT code, nom, prenom, sexe, date_naissance, telephone, adresse, actif, cree_at,
       CASE WHEN :me_role IN ('medecin', 'infirmier', 'administrateur') THEN groupe_sanguin END AS groupe_sanguin,
       CASE WHEN :me_role IN ('medecin', 'infirmier', 'administrateur') THEN allergies END AS allergies,
       CASE WHEN :me_role IN ('medecin', 'administrateur') THEN antecedents END AS antecedents,
       (SELECT count(*) FROM visites v WHERE v.patient_code = p.code) AS visites,
       (SELECT max(arrivee_at) FROM visites v WHERE v.patient_code = p.code) AS derniere_visite_at
FROM patients p WHERE code = :code;

-- name: createPatient :one
-- param: nom text
-- param: prenom text
-- param: sexe text?
-- param: date_naissance text?
-- param: telephone text?
-- param: adresse text?
-- roles: administrateur, medecin, secretaire
-- http: POST /patients
-- envelope: success
INSERT INTO patients(nom, prenom, sexe, date_naissance, telephone, adresse, cree_at)
VALUES (trim(:nom), trim(:prenom), :sexe, :date_naissance, :telephone, :adresse, :now)
RETURNING code, nom, prenom, sexe, date_naissance, telephone, adresse, cree_at;

-- What is left out stays as it is.
-- name: updatePatient :one
-- param: code integer
-- param: nom text?
-- param: prenom text?
-- param: sexe text?
-- param: date_naissance text?
-- param: telephone text?
-- param: adresse text?
-- roles: administrateur, medecin, secretaire
-- http: PUT /patients/:code
-- envelope: success
UPDATE patients
SET nom = COALESCE(trim(:nom), nom), prenom = COALESCE(trim(:prenom), prenom), sexe = COALESCE(:sexe, sexe),
    date_naissance = COALESCE(:date_naissance, date_naissance), telephone = COALESCE(:telephone, telephone),
    adresse = COALESCE(:adresse, adresse)
WHERE code = :code
RETURNING code, nom, prenom, sexe, date_naissance, telephone, adresse, cree_at;

-- name: updateMedicalHistory :one
-- param: code integer
-- param: groupe_sanguin text?
-- param: allergies text?
-- param: antecedents text?
-- roles: medecin
UPDATE patients
SET groupe_sanguin = COALESCE(:groupe_sanguin, groupe_sanguin), allergies = COALESCE(:allergies, allergies),
    antecedents = COALESCE(:antecedents, antecedents)
WHERE code = :code
RETURNING code, groupe_sanguin, allergies, antecedents;

-- A file is never deleted; it is put away.
-- name: archivePatient :one
-- param: code integer
-- roles: administrateur, medecin
UPDATE patients SET actif = 0 WHERE code = :code AND NOT EXISTS (
    SELECT 1 FROM visites WHERE patient_code = :code AND statut IN ('attente', 'en_cours'));
-- expect: 1 "Dossier inconnu, ou patient encore présent"
SELECT code, nom, prenom, actif FROM patients WHERE code = :code;
