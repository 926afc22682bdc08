-- Reports.

-- name: getComptesRendus :many
-- param: limit integer = 100
-- param: offset integer = 0
-- roles: medecin
-- http: GET /api/comptesRendus
-- envelope: success
SELECT c.id, c.patient_code, p.nom, p.prenom, c.type, c.titre, c.auteur_id, u.display_name AS auteur, c.signe_at,
       c.cree_at
FROM comptes_rendus c JOIN patients p ON p.code = c.patient_code LEFT JOIN _comptoir_user u ON u.id = c.auteur_id
ORDER BY c.id DESC LIMIT max(0, min(:limit, 1000)) OFFSET :offset;

-- name: getCompteRendu :one
-- param: id integer
-- roles: medecin
-- http: GET /api/comptesRendus/:id
-- envelope: success
SELECT c.id, c.patient_code, p.nom, p.prenom, p.date_naissance, c.visite_id, c.type, c.titre, c.contenu, c.auteur_id,
       u.display_name AS auteur, c.signe_at, c.cree_at
FROM comptes_rendus c JOIN patients p ON p.code = c.patient_code LEFT JOIN _comptoir_user u ON u.id = c.auteur_id
WHERE c.id = :id;

-- name: getComptesRendusByPatient :many
-- param: patientCode integer
-- roles: medecin
-- http: GET /patients/:patientCode/comptesRendus
-- envelope: success
SELECT id, type, titre, contenu, auteur_id, signe_at, cree_at FROM comptes_rendus
WHERE patient_code = :patientCode ORDER BY id DESC LIMIT 500;

-- name: createCompteRendu :one
-- param: patientCode integer
-- param: titre text
-- param: contenu text = ""
-- param: type text = "consultation"
-- param: visite_id integer?
-- roles: medecin
-- http: POST /api/comptesRendus
-- envelope: success
INSERT INTO comptes_rendus(patient_code, visite_id, auteur_id, type, titre, contenu, cree_at)
SELECT p.code, v.id, :me_id, :type, trim(:titre), :contenu, :now
FROM patients p LEFT JOIN visites v ON v.id = :visite_id AND v.patient_code = p.code
WHERE p.code = :patientCode AND trim(:titre) <> '' AND (:visite_id IS NULL OR v.id IS NOT NULL);
-- expect: 1 "Patient ou visite inconnus, ou titre vide"
SELECT id, patient_code, visite_id, auteur_id, type, titre, signe_at, cree_at FROM comptes_rendus
WHERE id = (SELECT max(id) FROM comptes_rendus);

-- name: updateCompteRendu :one
-- param: id integer
-- param: titre text?
-- param: contenu text?
-- roles: medecin
-- http: PUT /api/comptesRendus/:id
-- envelope: success
UPDATE comptes_rendus SET titre = COALESCE(trim(:titre), titre), contenu = COALESCE(:contenu, contenu)
WHERE id = :id AND auteur_id = :me_id AND signe_at IS NULL;
-- expect: 1 "Compte rendu inconnu, signé, ou d'un confrère"
SELECT id, patient_code, type, titre, contenu, signe_at, cree_at FROM comptes_rendus WHERE id = :id;

-- name: signCompteRendu :one
-- param: id integer
-- roles: medecin
-- http: POST /api/comptesRendus/:id/signature
-- envelope: success
UPDATE comptes_rendus SET signe_at = :now WHERE id = :id AND auteur_id = :me_id AND signe_at IS NULL;
-- expect: 1 "Compte rendu inconnu, déjà signé, ou d'un confrère"
SELECT id, patient_code, titre, signe_at FROM comptes_rendus WHERE id = :id;
