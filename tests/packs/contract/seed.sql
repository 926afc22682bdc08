INSERT INTO produits(id, nom, prix, stock, prix_achat) VALUES (1,'Stylo',100,10,50),(2,'Cahier, ligné',500,0,200),(3,'Gomme',50,30,10),(4,'Été*',70,5,10);
INSERT INTO patients(id, nom, prenom) VALUES (1,'Diallo','Awa'),(2,'Sow',NULL),(3,'Diop','Moussa');
INSERT INTO prescriptions(patient_id, numero, statut) SELECT id, 'A-' || id, 'brouillon' FROM _comptoir_user WHERE role='patient';
INSERT INTO places VALUES ('A',1,'x'),('A',2,NULL),('B',1,'y');
