WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
INSERT INTO items(id, name, qty, note) SELECT i, 'item ' || i, i % 100, 'seed' FROM n;
