-- 302 patients (two of them with an account: jean, lina), five doctors (two with one: martin, rahmani), 2,400
-- appointments over a year and the next two weeks. Numbers of people without an account begin at 100001, so that no
-- account made later is given somebody's file. Days count back from today; the rest is the same each time.

CREATE TEMP TABLE compte(nom TEXT PRIMARY KEY, id INTEGER);
INSERT INTO compte
SELECT v.column1, COALESCE((SELECT id FROM _comptoir_user WHERE username = v.column1), v.column2)
FROM (VALUES ('martin', 1), ('rahmani', 2), ('jean', 4), ('lina', 5)) AS v;

INSERT INTO professionnels(id_professionnel, nom, prenom, specialite, langues, tarif, duree_min) VALUES
    ((SELECT id FROM compte WHERE nom = 'martin'), 'Martin', 'Claire', 'Médecine générale', 'fr, en', 15000, 20),
    ((SELECT id FROM compte WHERE nom = 'rahmani'), 'Rahmani', 'Salim', 'Cardiologie', 'fr, ar', 25000, 30),
    (100901, 'Sène', 'Marième', 'Pédiatrie', 'fr, wo', 15000, 20),
    (100902, 'Okafor', 'Chidi', 'Dermatologie', 'en', 20000, 20),
    (100903, 'Belkacem', 'Inès', 'Psychiatrie', 'fr, ar, en', 30000, 40);

INSERT INTO disponibilites(medecin_id, jour, debut, fin)
SELECT p.id_professionnel, j.jour, h.debut, h.fin
FROM professionnels p
JOIN (SELECT 1 AS jour UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5) j
JOIN (SELECT '08:00' AS debut, '12:00' AS fin UNION ALL SELECT '14:00', '18:00') h;

INSERT INTO patients(id_patient, nom, prenom, date_naissance, sexe, telephone, email, antecedents, cree_at) VALUES
    ((SELECT id FROM compte WHERE nom = 'jean'), 'Dupont', 'Jean', '1968-02-20', 'M', '+221770000011', 'jean.dupont@example.org', 'Hypertension', strftime('%Y-%m-%dT09:00:00.000Z', 'now', '-380 days')),
    ((SELECT id FROM compte WHERE nom = 'lina'), 'Haddad', 'Lina', '1995-09-14', 'F', '+221770000012', 'lina.haddad@example.org', NULL, strftime('%Y-%m-%dT09:00:00.000Z', 'now', '-200 days'));

WITH prenom(i, sexe, prenom) AS (VALUES (0, 'F', 'Aminata'), (1, 'M', 'Cheikh'), (2, 'F', 'Fatou'), (3, 'M', 'Ibrahima'),
         (4, 'F', 'Mariama'), (5, 'M', 'Karim'), (6, 'F', 'Yasmina'), (7, 'M', 'Abdoulaye'), (8, 'F', 'Sofia'), (9, 'M', 'Mamadou'),
         (10, 'F', 'Leïla'), (11, 'M', 'Nabil'), (12, 'F', 'Coumba'), (13, 'M', 'Idrissa'), (14, 'F', 'Salma')),
     famille(j, famille) AS (VALUES (0, 'Ba'), (1, 'Fall'), (2, 'Gueye'), (3, 'Sarr'), (4, 'Thiam'), (5, 'Diop'), (6, 'Ndiaye'),
         (7, 'Sow'), (8, 'Faye'), (9, 'Cissé'), (10, 'Bouazza'), (11, 'Mansouri'), (12, 'Traoré'), (13, 'Touati'), (14, 'Petit'),
         (15, 'Sy'), (16, 'Mbaye'), (17, 'Niang'), (18, 'Moreau'), (19, 'Camara'))
INSERT INTO patients(id_patient, nom, prenom, date_naissance, sexe, telephone, email, antecedents, cree_at)
SELECT 100000 + n, famille, prenom, date('1938-06-01', (n * 7919 % 30500) || ' days'), sexe, printf('+22177%07d', n * 148721 % 9999991),
       'patient' || n || '@example.org',
       CASE n * 41 % 9 WHEN 0 THEN 'Hypertension' WHEN 1 THEN 'Diabète de type 2' WHEN 2 THEN 'Asthme' WHEN 3 THEN 'Migraine' END,
       strftime('%Y-%m-%dT09:00:00.000Z', 'now', (-380 + n) || ' days')
FROM (SELECT j * 15 + i + 1 AS n, sexe, prenom, famille FROM prenom, famille) ORDER BY n;

CREATE TEMP TABLE malade AS SELECT row_number() OVER (ORDER BY id_patient) - 1 AS k, id_patient FROM patients;
CREATE INDEX temp.malade_k ON malade(k);
CREATE TEMP TABLE docteur AS
SELECT row_number() OVER (ORDER BY id_professionnel) - 1 AS k, id_professionnel AS id, duree_min FROM professionnels;

-- One slot of one doctor each: round n / 5 of doctor n % 5. From 365 days ago to two weeks ahead.
WITH RECURSIVE n(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM n WHERE n < 2399)
INSERT INTO rendez_vous(patient_id, medecin_id, debut_at, duree_min, mode, motif, statut, cree_at)
SELECT (SELECT id_patient FROM malade WHERE k = CASE WHEN n % 40 < 2 THEN n % 2 ELSE (n * 101 + n * n % 83) % 302 END),
       d.id, strftime('%Y-%m-%dT%H:%M:%fZ', jour, heure), d.duree_min, CASE n * 17 % 7 WHEN 0 THEN 'audio_only' ELSE 'audio_video' END,
       CASE n * 29 % 8 WHEN 0 THEN 'Renouvellement' WHEN 1 THEN 'Résultats d''analyse' WHEN 2 THEN 'Douleur' WHEN 3 THEN 'Fatigue'
            WHEN 4 THEN 'Suivi' WHEN 5 THEN 'Deuxième avis' WHEN 6 THEN 'Toux' ELSE 'Éruption' END,
       CASE WHEN jour >= date('now') THEN CASE n % 3 WHEN 0 THEN 'demande' ELSE 'confirme' END
            WHEN n * 53 % 19 = 0 THEN 'annule' WHEN n * 61 % 23 = 0 THEN 'absent' ELSE 'termine' END,
       strftime('%Y-%m-%dT%H:%M:%fZ', date(jour, '-9 days'), '+10 hours')
FROM (SELECT n, date('now', (n / 5 * 379 / 480 - 365) || ' days') AS jour,
             CASE n / 5 % 2 WHEN 0 THEN '+8 hours' ELSE '+14 hours' END AS heure FROM n)
JOIN docteur d ON d.k = n % 5 ORDER BY n;

INSERT INTO notes(rendez_vous_id, patient_id, medecin_id, observations, conclusion, at)
SELECT id, patient_id, medecin_id, motif || '. Examen à distance sans particularité.',
       CASE id * 13 % 4 WHEN 0 THEN 'Traitement reconduit, prochain rendez-vous dans trois mois.' WHEN 1 THEN 'Ordonnance envoyée.'
            WHEN 2 THEN 'Analyses à faire avant le prochain rendez-vous.' ELSE 'Repos, reprendre contact si besoin.' END, debut_at
FROM rendez_vous WHERE statut = 'termine' ORDER BY id;

DROP TABLE docteur;
DROP TABLE malade;
DROP TABLE compte;
