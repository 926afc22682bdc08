-- name: getPatient :one
-- param: id integer
-- roles: medecin, secretaire
-- http: GET /patients/:id
SELECT id, nom, prenom FROM patients WHERE id = :id;

-- name: addPatient :one
-- param: nom text
-- param: prenom text?
-- param: tags json?
-- param: actif boolean = true
-- param: poids real = 1.5
-- roles: medecin
-- http: POST /patients
-- envelope: success
INSERT INTO patients(nom, prenom, tags, actif, poids) VALUES (:nom, :prenom, :tags, :actif, :poids) RETURNING *;

-- name: renamePatient :exec
-- param: id integer
-- param: nom text
-- roles: medecin
-- http: PUT /patients/:id
UPDATE patients SET nom = :nom WHERE id = :id;

-- name: dropPatient :exec
-- param: id integer
-- roles: medecin
-- http: DELETE /patients/:id
DELETE FROM patients WHERE id = :id;

-- name: listEnv :many
-- roles: medecin
-- http: GET /patients
-- envelope: success
SELECT id, nom FROM patients ORDER BY id;

-- name: oneEnv :one
-- param: id integer
-- roles: medecin
-- http: GET /patient-env/:id
-- envelope: success
SELECT id, nom FROM patients WHERE id = :id;

-- name: whoami :one
-- roles: medecin, vendeur, caisse, patient, administrateur
SELECT :me_id AS me_id, :me_role AS me_role, :me_username AS me_username, :now AS now, (SELECT username FROM _comptoir_user WHERE id = :me_id) AS mirror;

-- name: users :many
-- roles: medecin
SELECT id, username, display_name, role, active FROM _comptoir_user ORDER BY id;

-- name: letNone :one
-- param: id integer
-- roles: medecin
SELECT id FROM patients WHERE id > :id;
-- let: pid
UPDATE patients SET nom = nom || '!' WHERE id = :pid RETURNING id, nom;

-- name: types :one
-- param: t text
-- param: i integer
-- param: r real
-- param: b boolean
-- param: j json
-- roles: medecin
-- http: POST /types/echo
SELECT :t AS t, typeof(:t) AS tt, :i AS i, typeof(:i) AS ti, :r AS r, typeof(:r) AS tr, :b AS b, typeof(:b) AS tb, :j AS j, typeof(:j) AS tj, json_type(:j) AS jt;

-- name: prescrire :one
-- param: patient_id integer
-- roles: medecin
INSERT INTO prescriptions(patient_id, numero, statut) VALUES (:patient_id, 'N-' || :patient_id, 'brouillon') RETURNING *;

-- name: boom :exec
-- roles: medecin
UPDATE patients SET nom = nom;
-- expect: 9999 'Pas ainsi'
