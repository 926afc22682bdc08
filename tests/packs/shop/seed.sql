INSERT INTO produits(id, nom, prix, prix_achat, stock) VALUES
  (1, 'Riz 5 kg', 3500, 2801, 1000),
  (2, 'Huile 1 l', 1500, 1102, 1000),
  (3, 'Sucre 1 kg', 800, 603, 1000),
  (4, 'Thé vert', 500, 304, 5);
INSERT INTO secrets(id, valeur) VALUES (1, 'le-secret-du-patron');
