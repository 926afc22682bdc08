-- A clinic in its second year: 400 patients, 4,000 visits over 365 days. Days count back from today; the rest is the
-- same each time: the "chance" is arithmetic on the row's number (`n * prime % m`).

CREATE TEMP TABLE equipe(nom TEXT PRIMARY KEY, id INTEGER);
INSERT INTO equipe
SELECT v.column1, COALESCE((SELECT id FROM _comptoir_user WHERE username = v.column1), v.column2)
FROM (VALUES ('fall', 1), ('sarr', 2), ('khady', 3), ('aida', 4), ('modou', 5), ('samira', 6)) AS v;

-- ---------------------------------------------------------------- price list, medicines, how to take them

INSERT INTO actes(id, libelle, prix) VALUES
    (1, 'Consultation générale', 5000),
    (2, 'Consultation spécialisée', 10000),
    (3, 'Consultation de suivi', 3000),
    (4, 'Pansement', 2000),
    (5, 'Injection', 1000),
    (6, 'Perfusion', 4000),
    (7, 'Suture', 7500),
    (8, 'Électrocardiogramme', 12000),
    (9, 'Échographie', 20000),
    (10, 'Glycémie', 1500),
    (11, 'Test rapide du paludisme', 2500),
    (12, 'Vaccination', 3500),
    (13, 'Certificat médical', 2000),
    (14, 'Nébulisation', 3000);

INSERT INTO quantites(id, libelle) VALUES
    (1, '1 comprimé matin et soir'),
    (2, '1 comprimé 3 fois par jour'),
    (3, '1 comprimé le soir'),
    (4, '1 comprimé le matin à jeun'),
    (5, '2 comprimés 3 fois par jour'),
    (6, '1 gélule matin et soir'),
    (7, '1 cuillère à café 3 fois par jour'),
    (8, '1 cuillère à soupe le soir'),
    (9, '1 sachet 3 fois par jour'),
    (10, '2 bouffées matin et soir'),
    (11, '1 application 2 fois par jour'),
    (12, '1 goutte dans chaque œil 4 fois par jour'),
    (13, '1 injection par jour'),
    (14, '1 suppositoire en cas de fièvre');

CREATE TEMP TABLE substance(id INTEGER PRIMARY KEY, nom TEXT, dci TEXT, forme TEXT, a TEXT, b TEXT, quantite_id INTEGER);
INSERT INTO substance VALUES
    (1, 'Doliprane', 'paracétamol', 'comprimé', '500 mg', '1 g', 2),
    (2, 'Efferalgan', 'paracétamol', 'sachet', '150 mg', '300 mg', 9),
    (3, 'Brufen', 'ibuprofène', 'comprimé', '200 mg', '400 mg', 2),
    (4, 'Amoxil', 'amoxicilline', 'gélule', '500 mg', '1 g', 6),
    (5, 'Augmentin', 'amoxicilline, acide clavulanique', 'sachet', '500 mg', '1 g', 9),
    (6, 'Zithromax', 'azithromycine', 'comprimé', '250 mg', '500 mg', 3),
    (7, 'Coartem', 'artéméther, luméfantrine', 'comprimé', '20/120 mg', '80/480 mg', 1),
    (8, 'Flagyl', 'métronidazole', 'comprimé', '250 mg', '500 mg', 2),
    (9, 'Ciflox', 'ciprofloxacine', 'comprimé', '250 mg', '500 mg', 1),
    (10, 'Amlor', 'amlodipine', 'gélule', '5 mg', '10 mg', 4),
    (11, 'Lasilix', 'furosémide', 'comprimé', '20 mg', '40 mg', 4),
    (12, 'Glucophage', 'metformine', 'comprimé', '500 mg', '850 mg', 1),
    (13, 'Diamicron', 'gliclazide', 'comprimé', '30 mg', '60 mg', 4),
    (14, 'Ventoline', 'salbutamol', 'aérosol', '100 µg', '200 µg', 10),
    (15, 'Pulmicort', 'budésonide', 'aérosol', '200 µg', '400 µg', 10),
    (16, 'Mopral', 'oméprazole', 'gélule', '10 mg', '20 mg', 4),
    (17, 'Spasfon', 'phloroglucinol', 'comprimé', '80 mg', '160 mg', 2),
    (18, 'Smecta', 'diosmectite', 'sachet', '1,5 g', '3 g', 9),
    (19, 'SRO', 'sels de réhydratation', 'sachet', '20 g', '27 g', 9),
    (20, 'Tardyferon', 'fer', 'comprimé', '50 mg', '80 mg', 4),
    (21, 'Clarityne', 'loratadine', 'comprimé', '5 mg', '10 mg', 3),
    (22, 'Solupred', 'prednisolone', 'comprimé', '5 mg', '20 mg', 4),
    (23, 'Fucidine', 'acide fusidique', 'crème', '15 g', '30 g', 11),
    (24, 'Tobrex', 'tobramycine', 'collyre', '3 ml', '5 ml', 12),
    (25, 'Rocéphine', 'ceftriaxone', 'injectable', '500 mg', '1 g', 13),
    (26, 'Toplexil', 'oxomémazine', 'sirop', '125 ml', '150 ml', 7),
    (27, 'Lévothyrox', 'lévothyroxine', 'comprimé', '50 µg', '100 µg', 4),
    (28, 'Kardégic', 'acide acétylsalicylique', 'sachet', '75 mg', '160 mg', 4),
    (29, 'Vogalène', 'métopimazine', 'suppositoire', '5 mg', '7,5 mg', 14),
    (30, 'Zentel', 'albendazole', 'comprimé', '200 mg', '400 mg', 3);

INSERT INTO medicaments(id, nom, dci, forme, dosage, stock, seuil_alerte)
SELECT s.id * 2 - 1 + d.rang, s.nom, s.dci, s.forme, CASE d.rang WHEN 0 THEN s.a ELSE s.b END,
       CASE (s.id * 2 + d.rang) % 17 WHEN 0 THEN 3 ELSE 20 + (s.id * 2 + d.rang) * 37 % 180 END,
       8 + s.id * 7 % 12
FROM substance s, (SELECT 0 AS rang UNION ALL SELECT 1) d ORDER BY 1;
UPDATE mouvements_medicaments SET motif = 'inventaire', at = strftime('%Y-%m-%dT07:00:00.000Z', 'now', '-370 days');

-- ---------------------------------------------------------------- patients: first names x family names

WITH prenom(i, sexe, prenom) AS (VALUES (0, 'F', 'Aminata'), (1, 'M', 'Ousmane'), (2, 'F', 'Fatou'), (3, 'M', 'Ibrahima'),
         (4, 'F', 'Mariama'), (5, 'M', 'Cheikh'), (6, 'F', 'Khady'), (7, 'M', 'Abdoulaye'), (8, 'F', 'Ndeye'),
         (9, 'M', 'Mamadou'), (10, 'F', 'Rokhaya'), (11, 'M', 'Modou'), (12, 'F', 'Yasmina'), (13, 'M', 'Karim'),
         (14, 'F', 'Sofia'), (15, 'M', 'Nabil'), (16, 'F', 'Coumba'), (17, 'M', 'Idrissa'), (18, 'F', 'Awa'), (19, 'M', 'Lamine')),
     famille(j, famille) AS (VALUES (0, 'Ba'), (1, 'Fall'), (2, 'Gueye'), (3, 'Sarr'), (4, 'Thiam'), (5, 'Diop'), (6, 'Ndiaye'),
         (7, 'Sow'), (8, 'Faye'), (9, 'Cissé'), (10, 'Haddad'), (11, 'Mansouri'), (12, 'Traoré'), (13, 'Diallo'), (14, 'Kane'),
         (15, 'Sy'), (16, 'Mbaye'), (17, 'Niang'), (18, 'Touré'), (19, 'Camara'))
INSERT INTO patients(code, nom, prenom, sexe, date_naissance, telephone, adresse, groupe_sanguin, allergies, antecedents, cree_at)
SELECT n, famille, prenom, sexe, date('1936-03-01', (n * 7919 % 31500) || ' days'),
       printf('+22177%07d', n * 148721 % 9999991),
       CASE n % 6 WHEN 0 THEN 'Médina' WHEN 1 THEN 'Plateau' WHEN 2 THEN 'Yoff' WHEN 3 THEN 'Ouakam' WHEN 4 THEN 'Grand Dakar' ELSE 'Pikine' END,
       CASE n * 53 % 20 WHEN 0 THEN 'AB+' WHEN 1 THEN 'B-' WHEN 2 THEN 'A-' WHEN 3 THEN 'O-' WHEN 4 THEN 'B+' WHEN 5 THEN 'B+'
            WHEN 6 THEN 'B+' WHEN 7 THEN 'A+' WHEN 8 THEN 'A+' WHEN 9 THEN 'A+' WHEN 10 THEN 'A+' WHEN 11 THEN NULL ELSE 'O+' END,
       CASE n * 31 % 14 WHEN 0 THEN 'Pénicilline' WHEN 1 THEN 'Arachide' WHEN 2 THEN 'Aspirine' WHEN 3 THEN 'Iode' END,
       CASE n * 41 % 9 WHEN 0 THEN 'Hypertension' WHEN 1 THEN 'Diabète de type 2' WHEN 2 THEN 'Asthme' WHEN 3 THEN 'Drépanocytose' END,
       strftime('%Y-%m-%dT09:00:00.000Z', 'now', (-370 + n * 4 / 5) || ' days')
FROM (SELECT j * 20 + i + 1 AS n, sexe, prenom, famille FROM prenom, famille) ORDER BY n;

-- ---------------------------------------------------------------- visits, some 11 a day up to yesterday; nine wait today

CREATE TEMP TABLE maladie(id INTEGER PRIMARY KEY, motif TEXT, symptomes TEXT, diagnostic TEXT, conduite TEXT, acte_id INTEGER, substance_id INTEGER);
INSERT INTO maladie VALUES
    (0, 'Fièvre', 'Fièvre à 39 °C depuis deux jours, frissons', 'Paludisme simple', 'Traitement de trois jours, revoir si fièvre', 11, 7),
    (1, 'Toux', 'Toux sèche, rhinorrhée', 'Rhinopharyngite', 'Traitement des symptômes', 1, 26),
    (2, 'Douleur abdominale', 'Crampes, diarrhée', 'Gastro-entérite', 'Réhydratation', 1, 19),
    (3, 'Contrôle de tension', 'Pas de plainte', 'Hypertension équilibrée', 'Même traitement', 3, 10),
    (4, 'Suivi du diabète', 'Pas de plainte', 'Diabète de type 2', 'Glycémie dans un mois', 10, 12),
    (5, 'Gêne respiratoire', 'Sibilants aux deux bases', 'Crise d''asthme', 'Nébulisation, traitement de fond', 14, 14),
    (6, 'Plaie', 'Plaie de l''avant-bras, 3 cm', 'Plaie simple', 'Suture, ablation des fils dans 8 jours', 7, 23),
    (7, 'Maux de tête', 'Céphalées en casque', 'Céphalée de tension', 'Repos, antalgique', 1, 1),
    (8, 'Grossesse', 'Suivi du deuxième trimestre', 'Grossesse évolutive', 'Échographie faite, fer', 9, 20),
    (9, 'Vaccination', 'Pas de plainte', 'Vaccination à jour', NULL, 12, 1),
    (10, 'Douleur à la gorge', 'Amygdales érythémateuses', 'Angine', 'Antibiotique six jours', 1, 4),
    (11, 'Brûlures d''estomac', 'Pyrosis après les repas', 'Reflux', 'Règles d''hygiène, traitement d''un mois', 1, 16),
    (12, 'Douleur thoracique', 'Douleur atypique, sans irradiation', 'Douleur pariétale', 'Électrocardiogramme normal', 8, 3);

WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 4000)
INSERT INTO visites(id, patient_code, medecin_id, statut, motif, urgente, arrivee_at, debut_at, fin_at, symptomes, diagnostic, conduite)
SELECT n, patient, medecin, statut, m.motif, n * 29 % 41 = 0, strftime('%Y-%m-%dT%H:%M:%fZ', arrivee),
       CASE statut WHEN 'terminee' THEN strftime('%Y-%m-%dT%H:%M:%fZ', arrivee, '+' || (5 + n * 17 % 45) || ' minutes') END,
       strftime('%Y-%m-%dT%H:%M:%fZ', arrivee, '+' || (20 + n * 17 % 45 + n * 13 % 25) || ' minutes'),
       CASE statut WHEN 'terminee' THEN m.symptomes END, CASE statut WHEN 'terminee' THEN m.diagnostic END,
       CASE statut WHEN 'terminee' THEN m.conduite END
FROM (SELECT n, 1 + (n * 101 + n * n % 83) % 400 AS patient,
             (SELECT id FROM equipe WHERE nom = CASE n * 7 / 3 % 2 WHEN 0 THEN 'fall' ELSE 'sarr' END) AS medecin,
             CASE WHEN n * 61 % 31 = 0 THEN 'annulee' ELSE 'terminee' END AS statut,
             (n * 37 + n / 7) % 13 AS cas,
             datetime(date('now', ((n - 1) * 365 / 4000 - 365) || ' days'), '+8 hours', '+' || ((n - 1) % 11 * 48 + n * 7919 % 40) || ' minutes') AS arrivee
      FROM n) v JOIN maladie m ON m.id = v.cas;

-- `now` and not the morning: a demo that is started at night has people waiting too.
WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 9)
INSERT INTO visites(id, patient_code, medecin_id, statut, motif, urgente, arrivee_at)
SELECT 4000 + n, 390 + n,
       CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN (SELECT id FROM equipe WHERE nom = 'fall') ELSE (SELECT id FROM equipe WHERE nom = 'sarr') END,
       'attente', m.motif, n = 5, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', (-70 + n * 7) || ' minutes')
FROM n JOIN maladie m ON m.id = n;

INSERT INTO constantes(visite_id, temperature, tension, pouls, saturation, poids, taille, soignant_id, at)
SELECT id, round(36.3 + id * 11 % 30 / 10.0, 1), (10 + id * 7 % 7) || '/' || (6 + id * 5 % 4), 58 + id * 13 % 50,
       94 + id * 3 % 6, round(12 + patient_code * 47 % 80, 1), round(80 + patient_code * 29 % 105, 1),
       (SELECT id FROM equipe WHERE nom = 'khady'), arrivee_at
FROM visites WHERE id * 19 % 4 <> 0 AND statut <> 'annulee' ORDER BY id;

INSERT INTO visite_actes(visite_id, acte_id, prix)
SELECT visite_id, acte_id, (SELECT prix FROM actes WHERE id = acte_id) FROM (
    SELECT id AS visite_id, CASE id % 5 WHEN 0 THEN 2 WHEN 1 THEN 3 ELSE 1 END AS acte_id FROM visites WHERE statut = 'terminee'
    UNION
    SELECT v.id, m.acte_id FROM visites v JOIN maladie m ON m.motif = v.motif WHERE v.statut = 'terminee')
ORDER BY visite_id, acte_id;

-- Nearly all of it is paid; yesterday's last are not.
INSERT INTO paiements(visite_id, montant, mode, caissier_id, at)
SELECT v.id, a.montant, CASE v.id * 29 % 10 WHEN 0 THEN 'carte' WHEN 1 THEN 'mobile' WHEN 2 THEN 'mobile' WHEN 3 THEN 'assurance' ELSE 'especes' END,
       (SELECT id FROM equipe WHERE nom = 'modou'), v.fin_at
FROM visites v JOIN (SELECT visite_id, sum(quantite * prix) AS montant FROM visite_actes GROUP BY visite_id) a ON a.visite_id = v.id
WHERE v.id <= 3994 ORDER BY v.id;

-- ---------------------------------------------------------------- prescriptions: two visits in three

INSERT INTO ordonnances(id, patient_code, visite_id, medecin_id, statut, cree_at)
SELECT id, patient_code, id, medecin_id, CASE WHEN id > 3985 THEN 'active' ELSE 'delivree' END, fin_at
FROM visites WHERE statut = 'terminee' AND id % 3 <> 0 ORDER BY id;
UPDATE ordonnances SET delivree_par = (SELECT id FROM equipe WHERE nom = 'samira'), delivree_at = cree_at WHERE statut = 'delivree';

INSERT INTO lignes_ordonnance(ordonnance_id, rang, medicament_id, quantite_id, duree, boites)
SELECT o.id, 1, s.id * 2 - 1 + o.id % 2, s.quantite_id, (3 + o.id * 7 % 12) || ' jours', 1 + o.id * 3 % 2
FROM ordonnances o JOIN visites v ON v.id = o.visite_id JOIN maladie m ON m.motif = v.motif
JOIN substance s ON s.id = m.substance_id
UNION ALL
SELECT o.id, 2, s.id * 2 - 1, s.quantite_id, '5 jours', 1
FROM ordonnances o JOIN substance s ON s.id = 1 + o.id * 23 % 30 AND s.id NOT IN (1, 3, 4, 7, 10, 12, 14, 16, 19, 20, 23, 26)
ORDER BY 1, 2;

-- ---------------------------------------------------------------- reports: of one visit in seven

INSERT INTO comptes_rendus(patient_code, visite_id, auteur_id, type, titre, contenu, signe_at, cree_at)
SELECT v.patient_code, v.id, v.medecin_id,
       CASE m.acte_id WHEN 9 THEN 'echographie' WHEN 8 THEN 'ecg' ELSE 'consultation' END,
       CASE m.acte_id WHEN 9 THEN 'Échographie' WHEN 8 THEN 'Électrocardiogramme' ELSE 'Consultation : ' || lower(v.motif) END,
       v.symptomes || '. ' || v.diagnostic || '. ' || COALESCE(v.conduite || '.', ''),
       CASE WHEN v.id < 3960 THEN v.fin_at END, v.fin_at
FROM visites v JOIN maladie m ON m.motif = v.motif WHERE v.statut = 'terminee' AND v.id % 7 = 0 ORDER BY v.id;

DROP TABLE maladie;
DROP TABLE substance;
DROP TABLE equipe;
