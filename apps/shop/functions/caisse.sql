-- The cash register.

-- name: openRegister :one
-- param: fond_initial integer = 0
-- roles: caisse
INSERT INTO sessions_caisse(caissier_id, fond_initial, ouverte_at)
SELECT :me_id, :fond_initial, :now
WHERE NOT EXISTS (SELECT 1 FROM sessions_caisse WHERE caissier_id = :me_id AND fermee_at IS NULL);
-- expect: 1 "Votre caisse est déjà ouverte"
SELECT id, ouverte_at, fond_initial FROM sessions_caisse WHERE caissier_id = :me_id AND fermee_at IS NULL;

-- The open register and what it should hold; null when it is closed.
-- name: currentRegister :one
-- roles: caisse
SELECT s.id, s.ouverte_at, s.fond_initial,
       (SELECT count(*) FROM paiements WHERE session_caisse_id = s.id AND montant > 0) AS paiements,
       (SELECT COALESCE(sum(montant), 0) FROM paiements WHERE session_caisse_id = s.id) AS encaisse,
       s.fond_initial + (SELECT COALESCE(sum(montant), 0) FROM paiements
                         WHERE session_caisse_id = s.id AND mode = 'especes') AS especes_attendues
FROM sessions_caisse s WHERE s.caissier_id = :me_id AND s.fermee_at IS NULL;

-- name: closeRegister :one
-- param: montant_compte integer
-- roles: caisse
SELECT max(id) FROM sessions_caisse WHERE caissier_id = :me_id AND fermee_at IS NULL;
-- let: session_id
UPDATE sessions_caisse
SET fermee_at = :now, montant_compte = :montant_compte,
    montant_attendu = fond_initial + (SELECT COALESCE(sum(montant), 0) FROM paiements
                                      WHERE session_caisse_id = :session_id AND mode = 'especes')
WHERE id = :session_id;
-- expect: 1 "Votre caisse n'est pas ouverte"
SELECT id, ouverte_at, fermee_at, fond_initial, montant_attendu, montant_compte, ecart
FROM sessions_caisse WHERE id = :session_id;

-- Takes the money for a whole sale. `recu`: what the customer gave; without it, the exact amount.
-- name: takePayment :one
-- param: vente_id integer
-- param: mode text = "especes"
-- param: recu integer?
-- roles: caisse
-- http: POST /ventes/:vente_id/paiement
UPDATE ventes SET statut = 'payee' WHERE id = :vente_id AND statut = 'en_attente';
-- expect: 1 "Cette vente n'est plus en attente"
INSERT INTO paiements(vente_id, session_caisse_id, mode, montant, recu, at)
SELECT v.id, s.id, :mode, v.total, COALESCE(:recu, v.total), :now
FROM ventes v, sessions_caisse s
WHERE v.id = :vente_id AND s.caissier_id = :me_id AND s.fermee_at IS NULL;
-- expect: 1 "Ouvrez d'abord votre caisse"
UPDATE paiements SET monnaie = recu - montant WHERE vente_id = :vente_id AND recu >= montant;
-- expect: 1 "Le montant reçu est insuffisant"
SELECT id, vente_id, mode, montant, recu, monnaie, at
FROM paiements WHERE vente_id = :vente_id ORDER BY id DESC LIMIT 1;

-- Gives the money back and puts the goods back on the shelf.
-- name: refund :one
-- param: vente_id integer
-- param: motif text?
-- roles: caisse
-- http: POST /ventes/:vente_id/remboursement
UPDATE ventes SET statut = 'remboursee', note = COALESCE(:motif, note) WHERE id = :vente_id AND statut = 'payee';
-- expect: 1 "Seule une vente payée se rembourse"
INSERT INTO paiements(vente_id, session_caisse_id, mode, montant, at)
SELECT p.vente_id, s.id, p.mode, -p.montant, :now
FROM paiements p, sessions_caisse s
WHERE p.vente_id = :vente_id AND p.montant >= 0 AND s.caissier_id = :me_id AND s.fermee_at IS NULL;
-- expect: 1 "Ouvrez d'abord votre caisse"
UPDATE produits SET stock = produits.stock + l.quantite
FROM (SELECT produit_id, sum(quantite) AS quantite FROM lignes WHERE vente_id = :vente_id GROUP BY produit_id) AS l
WHERE l.produit_id = produits.id;
SELECT id, statut, total, note FROM ventes WHERE id = :vente_id;
