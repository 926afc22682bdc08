-- What is left to do.
-- name: openTasks :many
-- param: limit integer = 100
-- roles: administrateur, equipe
-- http: GET /taches
SELECT id, titre, cree_at FROM taches WHERE faite = 0 ORDER BY id LIMIT :limit;

-- Several statements run in one transaction; the last one answers.
-- name: finishTask :one
-- param: id integer
-- roles: administrateur, equipe
-- http: POST /taches/:id/faite
UPDATE taches SET faite = 1, faite_par = :me_id WHERE id = :id AND faite = 0;
-- expect: 1 "Cette tâche est déjà faite"
SELECT id, titre, faite FROM taches WHERE id = :id;
