-- Figures. Days are UTC days; without `jour`: today.

-- name: dayAtAGlance :one
-- param: jour text?
-- roles: administrateur, medecin, secretaire
-- http: GET /rapports/jour
-- envelope: success
WITH jour(d) AS (SELECT COALESCE(:jour, substr(:now, 1, 10))),
     v AS (SELECT statut, urgente, arrivee_at, debut_at FROM visites, jour
           WHERE arrivee_at >= d AND arrivee_at < date(d, '+1 day'))
SELECT (SELECT d FROM jour) AS jour,
       (SELECT count(*) FROM v) AS visites,
       (SELECT count(*) FROM v WHERE statut = 'attente') AS en_attente,
       (SELECT count(*) FROM v WHERE statut = 'terminee') AS terminees,
       (SELECT count(*) FROM v WHERE urgente = 1) AS urgences,
       (SELECT CAST(round(avg((julianday(debut_at) - julianday(arrivee_at)) * 1440)) AS INTEGER) FROM v
        WHERE debut_at IS NOT NULL) AS attente_moyenne_min;

-- name: visitsByDoctor :many
-- param: du text?
-- param: au text?
-- roles: administrateur
-- http: GET /rapports/medecins
-- envelope: success
SELECT v.medecin_id, COALESCE(u.display_name, u.username) AS medecin, count(*) AS visites,
       sum((SELECT COALESCE(sum(quantite * prix), 0) FROM visite_actes WHERE visite_id = v.id)) AS montant
FROM visites v LEFT JOIN _comptoir_user u ON u.id = v.medecin_id
WHERE v.statut = 'terminee' AND v.arrivee_at >= COALESCE(:du, substr(:now, 1, 10))
  AND v.arrivee_at < date(COALESCE(:au, substr(:now, 1, 10)), '+1 day')
GROUP BY v.medecin_id ORDER BY visites DESC, v.medecin_id;
