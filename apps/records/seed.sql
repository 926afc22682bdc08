-- 320 patients (two of them with an account: ousmane, nour), 1,800 records, 1,500 prescriptions over a year. Numbers of
-- patients without an account begin at 100001, so that no account made later is given somebody's file. Days count back
-- from today; the rest is the same each time: the "chance" is arithmetic on the row's number.

CREATE TEMP TABLE equipe(nom TEXT PRIMARY KEY, id INTEGER);
INSERT INTO equipe
SELECT v.column1, COALESCE((SELECT id FROM _comptoir_user WHERE username = v.column1), v.column2)
FROM (VALUES ('diallo', 1), ('benali', 2), ('samira', 3), ('ousmane', 4), ('nour', 5)) AS v;

INSERT INTO patients(id, nom, prenom, date_naissance, sexe, telephone, adresse, groupe_sanguin, allergies, cree_at)
SELECT (SELECT id FROM equipe WHERE equipe.nom = v.column1), v.column2, v.column3, v.column4, v.column5, v.column6, v.column7, v.column8,
       v.column9, strftime('%Y-%m-%dT09:00:00.000Z', 'now', '-380 days')
FROM (VALUES ('ousmane', 'Kane', 'Ousmane', '1979-04-12', 'M', '+221770000001', '12 rue Carnot', 'O+', NULL),
             ('nour', 'El Amrani', 'Nour', '1991-11-03', 'F', '+221770000002', '4 avenue Faidherbe', 'A-', 'Pénicilline')) AS v;

WITH prenom(i, sexe, prenom) AS (VALUES (0, 'F', 'Aminata'), (1, 'M', 'Cheikh'), (2, 'F', 'Fatou'), (3, 'M', 'Ibrahima'),
         (4, 'F', 'Mariama'), (5, 'M', 'Karim'), (6, 'F', 'Yasmina'), (7, 'M', 'Abdoulaye'), (8, 'F', 'Sofia'), (9, 'M', 'Mamadou'),
         (10, 'F', 'Leïla'), (11, 'M', 'Nabil'), (12, 'F', 'Coumba'), (13, 'M', 'Idrissa'), (14, 'F', 'Salma'), (15, 'M', 'Lamine')),
     famille(j, famille) AS (VALUES (0, 'Ba'), (1, 'Fall'), (2, 'Gueye'), (3, 'Sarr'), (4, 'Thiam'), (5, 'Diop'), (6, 'Ndiaye'),
         (7, 'Sow'), (8, 'Faye'), (9, 'Cissé'), (10, 'Haddad'), (11, 'Mansouri'), (12, 'Traoré'), (13, 'Touati'), (14, 'Bouazza'),
         (15, 'Sy'), (16, 'Mbaye'), (17, 'Niang'), (18, 'Touré'), (19, 'Camara'))
INSERT INTO patients(id, nom, prenom, date_naissance, sexe, telephone, adresse, groupe_sanguin, allergies, cree_at)
SELECT 100000 + n, famille, prenom, date('1938-06-01', (n * 7919 % 30500) || ' days'), sexe, printf('+22177%07d', n * 148721 % 9999991),
       n || CASE n % 3 WHEN 0 THEN ' rue Vincens' WHEN 1 THEN ' avenue Bourguiba' ELSE ' boulevard de la Gare' END,
       CASE n * 53 % 8 WHEN 0 THEN 'AB+' WHEN 1 THEN 'B+' WHEN 2 THEN 'A-' WHEN 3 THEN 'A+' WHEN 4 THEN 'A+' ELSE 'O+' END,
       CASE n * 31 % 14 WHEN 0 THEN 'Pénicilline' WHEN 1 THEN 'Arachide' WHEN 2 THEN 'Aspirine' WHEN 3 THEN 'Latex' END,
       strftime('%Y-%m-%dT09:00:00.000Z', 'now', (-380 + n) || ' days')
FROM (SELECT j * 16 + i + 1 AS n, sexe, prenom, famille FROM prenom, famille) WHERE n <= 318 ORDER BY n;

-- Every patient by rank: the two with an account first.
CREATE TEMP TABLE rang AS SELECT row_number() OVER (ORDER BY id) - 1 AS k, id FROM patients;
CREATE INDEX temp.rang_k ON rang(k);

-- ---------------------------------------------------------------- who may read whom

INSERT INTO demandes_acces(patient_id, medecin_id, motif, statut, demande_at, repondu_at, expire_at)
SELECT id, medecin, motif, statut, demande,
       CASE WHEN statut <> 'en_attente' THEN strftime('%Y-%m-%dT%H:%M:%fZ', demande, '+1 day') END,
       CASE WHEN statut = 'approuvee' THEN strftime('%Y-%m-%dT%H:%M:%fZ', demande, '+2 years') END
FROM (SELECT r.id, (SELECT id FROM equipe WHERE nom = 'diallo') AS medecin, 'Suivi' AS motif,
             CASE WHEN r.k % 11 = 4 THEN 'rejetee' WHEN r.k % 13 = 7 THEN 'en_attente' ELSE 'approuvee' END AS statut,
             strftime('%Y-%m-%dT%H:%M:%fZ', date('now', (-370 + r.k) || ' days'), '+9 hours') AS demande FROM rang r WHERE r.k <> 1
      UNION ALL
      SELECT r.id, (SELECT id FROM equipe WHERE nom = 'benali'), 'Deuxième avis',
             CASE WHEN r.k = 1 OR r.k % 3 = 0 THEN 'approuvee' ELSE 'en_attente' END,
             strftime('%Y-%m-%dT%H:%M:%fZ', date('now', (-370 + r.k) || ' days'), '+15 hours') FROM rang r WHERE r.k > 0 AND r.k % 4 = 1);

-- ---------------------------------------------------------------- records

CREATE TEMP TABLE cas(id INTEGER PRIMARY KEY, type TEXT, titre TEXT, contenu TEXT, diagnostic TEXT, medicament TEXT, dosage TEXT, posologie TEXT);
INSERT INTO cas VALUES
    (0, 'consultation', 'Consultation de fièvre', 'Fièvre à 39 °C depuis deux jours.', 'Paludisme simple', 'Artéméther-luméfantrine', '80/480 mg', '1 comprimé matin et soir'),
    (1, 'analyse', 'Numération sanguine', 'Hémoglobine 9,8 g/dl.', 'Anémie', 'Fer', '80 mg', '1 comprimé le matin à jeun'),
    (2, 'consultation', 'Contrôle de tension', '15/9 au repos, deux mesures.', 'Hypertension', 'Amlodipine', '5 mg', '1 gélule le matin'),
    (3, 'imagerie', 'Radiographie du thorax', 'Pas de foyer.', 'Bronchite', 'Salbutamol', '100 µg', '2 bouffées matin et soir'),
    (4, 'consultation', 'Suivi du diabète', 'Glycémie à jeun 1,6 g/l.', 'Diabète de type 2', 'Metformine', '850 mg', '1 comprimé matin et soir'),
    (5, 'vaccination', 'Rappel de vaccination', 'Rappel fait au bras gauche.', NULL, 'Paracétamol', '500 mg', '1 comprimé si fièvre'),
    (6, 'hospitalisation', 'Sortie d''hospitalisation', 'Appendicectomie, suites simples.', 'Appendicite', 'Paracétamol', '1 g', '1 comprimé 3 fois par jour'),
    (7, 'consultation', 'Angine', 'Amygdales érythémateuses.', 'Angine', 'Amoxicilline', '500 mg', '1 gélule matin et soir');

WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 1800)
INSERT INTO dossiers(id, patient_id, medecin_id, type, titre, contenu, diagnostic, cree_at)
SELECT n, (SELECT id FROM rang WHERE k = CASE WHEN n % 60 = 0 THEN n / 60 % 2 ELSE (n * 101 + n * n % 83) % 320 END),
       (SELECT id FROM equipe WHERE nom = CASE n * 7 / 3 % 3 WHEN 0 THEN 'benali' ELSE 'diallo' END),
       c.type, c.titre, c.contenu, c.diagnostic,
       strftime('%Y-%m-%dT%H:%M:%fZ', date('now', ((n - 1) * 365 / 1800 - 365) || ' days'), '+8 hours', '+' || (n * 7919 % 540) || ' minutes')
FROM n JOIN cas c ON c.id = (n * 37 + n / 7) % 8 ORDER BY n;

-- ---------------------------------------------------------------- prescriptions: nearly all delivered, the last ones under way

INSERT INTO prescriptions(id, numero, patient_id, medecin_id, pharmacien_id, statut, cree_at, modifie_at)
SELECT n, printf('RX-%s-%05d', substr(cree_at, 1, 4), n), patient_id, medecin_id,
       CASE WHEN statut <> 'nouvelle' THEN (SELECT id FROM equipe WHERE nom = 'samira') END, statut, cree_at,
       CASE WHEN statut <> 'nouvelle' THEN strftime('%Y-%m-%dT%H:%M:%fZ', cree_at, '+3 hours') END
FROM (SELECT row_number() OVER (ORDER BY id) AS n, patient_id, medecin_id, cree_at,
             CASE WHEN id > 1790 THEN 'nouvelle' WHEN id > 1784 THEN 'validee' WHEN id > 1778 THEN 'preparee'
                  WHEN id > 1770 THEN 'prete' WHEN id % 67 = 0 THEN 'annulee' ELSE 'livree' END AS statut
      FROM dossiers WHERE id % 6 <> 5);

INSERT INTO lignes_prescription(prescription_id, patient_id, medecin_id, rang, medicament, dosage, posologie, duree, quantite)
SELECT r.id, r.patient_id, r.medecin_id, l.rang, c.medicament, c.dosage, c.posologie, (3 + r.id * 7 % 12) || ' jours', 1 + r.id % 2
FROM prescriptions r JOIN (SELECT 1 AS rang UNION ALL SELECT 2) l ON l.rang = 1 OR r.id * 41 % 3 = 0
JOIN cas c ON c.id = (r.id * 29 + l.rang * 3) % 8 ORDER BY r.id, l.rang;

INSERT INTO inventaire(medicament, dosage, quantite, seuil)
SELECT medicament, dosage, 20 + row_number() OVER () * 37 % 140, 15 FROM (SELECT DISTINCT medicament, dosage FROM cas);

INSERT INTO livraisons(prescription_id, patient_id, adresse, statut, demande_at, confirme_at)
SELECT r.id, r.patient_id, p.adresse, CASE r.statut WHEN 'livree' THEN 'confirmee' ELSE 'demandee' END, r.cree_at,
       CASE r.statut WHEN 'livree' THEN r.modifie_at END
FROM prescriptions r JOIN patients p ON p.id = r.patient_id WHERE r.id % 9 = 0 AND r.statut IN ('livree', 'prete');

DROP TABLE cas;
DROP TABLE rang;
DROP TABLE equipe;
