-- The till. Days are UTC days; without `jour`: today.

-- name: getActes :many
-- roles: administrateur, medecin, infirmier, secretaire, caissier
-- http: GET /actes
-- envelope: success
SELECT id, libelle, prix FROM actes WHERE actif = 1 ORDER BY libelle;

-- Visits that are over and not paid in full, the oldest first.
-- name: visitsToPay :many
-- param: limit integer = 100
-- roles: administrateur, secretaire, caissier
-- http: GET /paiements/en-attente
-- envelope: success
SELECT d.id AS visite_id, d.patient_code, p.nom, p.prenom, d.fin_at, d.montant, d.paye, d.montant - d.paye AS reste
FROM (SELECT v.id, v.patient_code, v.fin_at,
             (SELECT COALESCE(sum(quantite * prix), 0) FROM visite_actes WHERE visite_id = v.id) AS montant,
             (SELECT COALESCE(sum(montant), 0) FROM paiements WHERE visite_id = v.id AND statut = 'valide') AS paye
      FROM visites v WHERE v.statut = 'terminee') d
JOIN patients p ON p.code = d.patient_code
WHERE d.montant > d.paye ORDER BY d.fin_at, d.id LIMIT max(0, min(:limit, 1000));

-- What a visit is made of and what is left to pay.
-- name: visitBill :many
-- param: visite_id integer
-- roles: administrateur, medecin, secretaire, caissier
-- http: GET /visites/:visite_id/actes
-- envelope: success
SELECT va.id, a.libelle, va.quantite, va.prix, va.quantite * va.prix AS montant
FROM visite_actes va JOIN actes a ON a.id = va.acte_id WHERE va.visite_id = :visite_id ORDER BY va.id;

-- Takes the money. Without `montant`: all that is left; less is a part, more is refused.
-- name: createPaymentValidation :one
-- param: visite_id integer
-- param: montant integer?
-- param: mode text = "especes"
-- roles: administrateur, secretaire, caissier
-- http: POST /paiements
-- envelope: success
SELECT COALESCE((SELECT sum(quantite * prix) FROM visite_actes WHERE visite_id = :visite_id), 0)
     - COALESCE((SELECT sum(montant) FROM paiements WHERE visite_id = :visite_id AND statut = 'valide'), 0);
-- let: reste
INSERT INTO paiements(visite_id, montant, mode, caissier_id, at)
SELECT id, COALESCE(:montant, :reste), :mode, :me_id, :now FROM visites
WHERE id = :visite_id AND statut = 'terminee' AND :reste > 0 AND COALESCE(:montant, :reste) BETWEEN 1 AND :reste;
-- expect: 1 "Rien à payer pour cette visite, ou montant trop élevé"
SELECT id, visite_id, montant, mode, statut, at, :reste - montant AS reste FROM paiements
WHERE id = (SELECT max(id) FROM paiements);

-- name: cancelPayment :one
-- param: paiement_id integer
-- param: motif text
-- roles: administrateur, caissier
UPDATE paiements SET statut = 'annule', motif_annulation = trim(:motif)
WHERE id = :paiement_id AND statut = 'valide' AND trim(:motif) <> '';
-- expect: 1 "Paiement inconnu ou déjà annulé, ou motif vide"
SELECT id, visite_id, montant, statut, motif_annulation FROM paiements WHERE id = :paiement_id;

-- name: getPaymentsByPatient :many
-- param: patientCode integer
-- param: limit integer = 100
-- roles: administrateur, secretaire, caissier
-- http: GET /patients/:patientCode/paiements
-- envelope: success
SELECT pa.id, pa.visite_id, pa.montant, pa.mode, pa.statut, pa.at
FROM paiements pa JOIN visites v ON v.id = pa.visite_id
WHERE v.patient_code = :patientCode ORDER BY pa.id DESC LIMIT max(0, min(:limit, 1000));

-- name: dailyReceipts :one
-- param: jour text?
-- roles: administrateur, caissier
-- http: GET /rapports/caisse
-- envelope: success
WITH jour(d) AS (SELECT COALESCE(:jour, substr(:now, 1, 10))),
     p AS (SELECT mode, montant, statut FROM paiements, jour WHERE at >= d AND at < date(d, '+1 day'))
SELECT (SELECT d FROM jour) AS jour,
       (SELECT count(*) FROM p WHERE statut = 'valide') AS paiements,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE statut = 'valide') AS encaisse,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE statut = 'valide' AND mode = 'especes') AS especes,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE statut = 'valide' AND mode = 'mobile') AS mobile,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE statut = 'valide' AND mode = 'carte') AS carte,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE statut = 'valide' AND mode = 'assurance') AS assurance,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE statut = 'annule') AS annule;
