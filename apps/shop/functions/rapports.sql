-- Figures. Days are UTC days; without `jour`: today.

-- name: dailyTotals :one
-- param: jour text?
-- roles: administrateur, caisse
-- http: GET /rapports/jour
WITH jour(d) AS (SELECT COALESCE(:jour, substr(:now, 1, 10))),
     v AS (SELECT statut, total FROM ventes, jour WHERE at >= d AND at < date(d, '+1 day')),
     p AS (SELECT mode, montant FROM paiements, jour WHERE at >= d AND at < date(d, '+1 day'))
SELECT (SELECT d FROM jour) AS jour,
       (SELECT count(*) FROM v WHERE statut <> 'annulee') AS ventes,
       (SELECT COALESCE(sum(total), 0) FROM v WHERE statut <> 'annulee') AS montant_vendu,
       (SELECT count(*) FROM v WHERE statut = 'en_attente') AS en_attente,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE montant > 0) AS encaisse,
       (SELECT COALESCE(-sum(montant), 0) FROM p WHERE montant < 0) AS rembourse,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE mode = 'especes') AS especes,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE mode = 'mobile') AS mobile,
       (SELECT COALESCE(sum(montant), 0) FROM p WHERE mode = 'carte') AS carte;

-- name: salesByUser :many
-- param: du text?
-- param: au text?
-- roles: administrateur, caisse
-- http: GET /rapports/vendeurs
SELECT v.vendeur_id, COALESCE(u.display_name, u.username) AS vendeur,
       count(*) AS ventes, sum(v.total) AS montant_vendu
FROM ventes v LEFT JOIN _comptoir_user u ON u.id = v.vendeur_id
WHERE v.statut <> 'annulee'
  AND v.at >= COALESCE(:du, substr(:now, 1, 10))
  AND v.at < date(COALESCE(:au, substr(:now, 1, 10)), '+1 day')
GROUP BY v.vendeur_id ORDER BY montant_vendu DESC, v.vendeur_id;

-- What sells best, with the margin: for the administrator, who may see what things cost.
-- name: topProducts :many
-- param: du text?
-- param: au text?
-- param: limit integer = 20
-- roles: administrateur
-- http: GET /rapports/produits
SELECT p.id, p.nom, sum(l.quantite) AS quantite, sum(l.quantite * l.prix_unitaire) AS montant_vendu,
       sum(l.quantite * (l.prix_unitaire - p.prix_achat)) AS marge
FROM lignes l JOIN ventes v ON v.id = l.vente_id JOIN produits p ON p.id = l.produit_id
WHERE v.statut IN ('en_attente', 'payee')
  AND v.at >= COALESCE(:du, substr(:now, 1, 10))
  AND v.at < date(COALESCE(:au, substr(:now, 1, 10)), '+1 day')
GROUP BY p.id ORDER BY quantite DESC, p.id LIMIT min(:limit, 200);
