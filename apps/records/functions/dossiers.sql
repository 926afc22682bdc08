-- Records. A doctor reads what he wrote, and what the patient opened to him. Who may not gets an empty list, or
-- 404: whether there is a record does not show.

-- name: getRecords :many
-- param: patient_id integer
-- param: limit integer = 100
-- roles: patient, medecin
-- http: GET /patients/:patient_id/records
-- envelope: success
SELECT d.id, d.patient_id, d.medecin_id, u.display_name AS medecin, d.type, d.titre, d.version, d.cree_at, d.modifie_at
FROM dossiers d LEFT JOIN _comptoir_user u ON u.id = d.medecin_id
WHERE d.patient_id = :patient_id
  AND (d.patient_id = :me_id OR d.medecin_id = :me_id OR EXISTS (
      SELECT 1 FROM demandes_acces a WHERE a.patient_id = d.patient_id AND a.medecin_id = :me_id
        AND a.statut = 'approuvee' AND a.expire_at > :now))
ORDER BY d.id DESC LIMIT max(0, min(:limit, 500));

-- The whole record. A doctor's reading of another's record leaves a trace, in the same transaction.
-- name: readRecord :one
-- param: id integer
-- roles: patient, medecin
-- http: POST /records/:id/read
-- envelope: success
INSERT INTO consultations(dossier_id, patient_id, medecin_id, at)
SELECT d.id, d.patient_id, :me_id, :now FROM dossiers d
WHERE d.id = :id AND d.patient_id <> :me_id AND d.medecin_id <> :me_id AND EXISTS (
    SELECT 1 FROM demandes_acces a WHERE a.patient_id = d.patient_id AND a.medecin_id = :me_id
      AND a.statut = 'approuvee' AND a.expire_at > :now);
SELECT d.id, d.patient_id, p.nom, p.prenom, d.medecin_id, u.display_name AS medecin, d.type, d.titre, d.contenu,
       d.diagnostic, d.version, d.cree_at, d.modifie_at
FROM dossiers d JOIN patients p ON p.id = d.patient_id LEFT JOIN _comptoir_user u ON u.id = d.medecin_id
WHERE d.id = :id
  AND (d.patient_id = :me_id OR d.medecin_id = :me_id OR EXISTS (
      SELECT 1 FROM demandes_acces a WHERE a.patient_id = d.patient_id AND a.medecin_id = :me_id
        AND a.statut = 'approuvee' AND a.expire_at > :now));

-- While the patient's yes lasts.
-- name: createRecord :one
-- param: patient_id integer
-- param: titre text
-- param: contenu text = ""
-- param: diagnostic text?
-- param: type text = "consultation"
-- roles: medecin
-- http: POST /records
-- envelope: success
INSERT INTO dossiers(patient_id, medecin_id, type, titre, contenu, diagnostic, cree_at)
SELECT p.id, :me_id, :type, trim(:titre), :contenu, :diagnostic, :now FROM patients p
WHERE p.id = :patient_id AND trim(:titre) <> ''
  AND EXISTS (SELECT 1 FROM demandes_acces a WHERE a.patient_id = p.id AND a.medecin_id = :me_id
                AND a.statut = 'approuvee' AND a.expire_at > :now);
-- expect: 1 "Demandez d'abord l'accès au patient"
SELECT id, patient_id, medecin_id, type, titre, version, cree_at FROM dossiers WHERE id = (SELECT max(id) FROM dossiers);

-- name: updateRecord :one
-- param: id integer
-- param: titre text?
-- param: contenu text?
-- param: diagnostic text?
-- roles: medecin
-- http: PUT /records/:id
-- envelope: success
UPDATE dossiers
SET titre = COALESCE(trim(:titre), titre), contenu = COALESCE(:contenu, contenu),
    diagnostic = COALESCE(:diagnostic, diagnostic), version = version + 1, modifie_at = :now
WHERE id = :id AND medecin_id = :me_id;
-- expect: 1 "Seul son auteur change un dossier"
SELECT id, patient_id, type, titre, contenu, diagnostic, version, modifie_at FROM dossiers WHERE id = :id;

-- Who read my records?
-- name: recordAccesses :many
-- param: limit integer = 100
-- roles: patient
-- http: GET /records/accesses
-- envelope: success
SELECT c.id, c.dossier_id, d.titre, c.medecin_id, u.display_name AS medecin, c.at
FROM consultations c JOIN dossiers d ON d.id = c.dossier_id LEFT JOIN _comptoir_user u ON u.id = c.medecin_id
WHERE c.patient_id = :me_id ORDER BY c.id DESC LIMIT max(0, min(:limit, 500));

-- One's own file.
-- name: myFile :one
-- roles: patient
-- http: GET /me/file
-- envelope: success
SELECT p.id, p.nom, p.prenom, p.date_naissance, p.sexe, p.telephone, p.adresse, p.groupe_sanguin, p.allergies,
       (SELECT count(*) FROM dossiers d WHERE d.patient_id = p.id) AS dossiers,
       (SELECT count(*) FROM demandes_acces d WHERE d.patient_id = p.id AND d.statut = 'en_attente') AS demandes_en_attente,
       (SELECT count(*) FROM prescriptions r WHERE r.patient_id = p.id AND r.statut NOT IN ('livree', 'annulee')) AS prescriptions_en_cours
FROM patients p WHERE p.id = :me_id;
