-- Customers.

-- name: searchCustomers :many
-- param: term text = ""
-- param: limit integer = 50
-- roles: administrateur, vendeur, caisse
-- http: GET /clients/recherche/:term
SELECT id, nom, telephone, adresse FROM clients
WHERE nom LIKE '%' || :term || '%' OR telephone LIKE '%' || :term || '%'
ORDER BY nom, id LIMIT min(:limit, 200);

-- name: createCustomer :one
-- param: nom text
-- param: telephone text?
-- param: adresse text?
-- roles: administrateur, vendeur, caisse
-- http: POST /clients
INSERT INTO clients(nom, telephone, adresse, cree_at)
SELECT trim(:nom), :telephone, :adresse, :now WHERE trim(:nom) <> '';
-- expect: 1 "Le nom du client est vide"
SELECT id, nom, telephone, adresse FROM clients WHERE id = (SELECT max(id) FROM clients);
