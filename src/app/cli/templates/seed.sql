INSERT INTO taches(titre) VALUES ('Ouvrir la boutique'), ('Compter la caisse'), ('Appeler le fournisseur');
