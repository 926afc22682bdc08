-- Appointments.

-- Free beginnings of a doctor on a day (UTC), in steps of the doctor's own length.
-- name: freeSlots :many
-- param: medecin_id integer
-- param: jour text
-- roles: administrateur, medecin, secretaire, patient
-- http: GET /professionnels/:medecin_id/creneaux
-- envelope: success
WITH RECURSIVE heures(debut, fin, pas) AS (
    SELECT :jour || 'T' || d.debut || ':00.000Z', :jour || 'T' || d.fin || ':00.000Z', p.duree_min
    FROM disponibilites d JOIN professionnels p ON p.id_professionnel = d.medecin_id
    WHERE d.medecin_id = :medecin_id AND p.actif = 1 AND d.jour = CAST(strftime('%w', :jour) AS INTEGER)
    UNION ALL
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', debut, '+' || pas || ' minutes'), fin, pas FROM heures
    WHERE strftime('%Y-%m-%dT%H:%M:%fZ', debut, '+' || 2 * pas || ' minutes') <= fin)
SELECT debut AS debut_at, pas AS duree_min FROM heures
WHERE debut > :now AND NOT EXISTS (
    SELECT 1 FROM rendez_vous r WHERE r.medecin_id = :medecin_id AND r.debut_at = heures.debut
      AND r.statut IN ('demande', 'confirme', 'en_cours'))
ORDER BY debut LIMIT 200;

-- The patient asks for a free slot.
-- name: requestAppointment :one
-- param: medecin_id integer
-- param: debut_at text
-- param: motif text?
-- param: mode text = "audio_video"
-- roles: patient
-- http: POST /rendez-vous
-- envelope: success
INSERT INTO rendez_vous(patient_id, medecin_id, debut_at, duree_min, mode, motif, cree_at)
SELECT pa.id_patient, p.id_professionnel, strftime('%Y-%m-%dT%H:%M:%fZ', :debut_at), p.duree_min, :mode, :motif, :now
FROM professionnels p JOIN patients pa ON pa.id_patient = :me_id
JOIN disponibilites d ON d.medecin_id = p.id_professionnel AND d.jour = CAST(strftime('%w', :debut_at) AS INTEGER)
 AND strftime('%H:%M', :debut_at) >= d.debut AND strftime('%H:%M', :debut_at, '+' || p.duree_min || ' minutes') <= d.fin
WHERE p.id_professionnel = :medecin_id AND p.actif = 1 AND strftime('%Y-%m-%dT%H:%M:%fZ', :debut_at) > :now
  AND NOT EXISTS (SELECT 1 FROM rendez_vous r WHERE r.medecin_id = p.id_professionnel
                    AND r.statut IN ('demande', 'confirme', 'en_cours')
                    AND julianday(r.debut_at) < julianday(:debut_at, '+' || p.duree_min || ' minutes')
                    AND julianday(r.debut_at, '+' || r.duree_min || ' minutes') > julianday(:debut_at))
LIMIT 1;
-- expect: 1 "Ce créneau n'est pas libre"
SELECT id, patient_id, medecin_id, debut_at, duree_min, mode, motif, statut FROM rendez_vous
WHERE id = (SELECT max(id) FROM rendez_vous);

-- One's own; the secretary sees all, without the reason. Without `du`: from today.
-- name: getAppointments :many
-- param: du text?
-- param: au text?
-- param: statut text?
-- param: limit integer = 100
-- roles: medecin, secretaire, patient
-- http: GET /rendez-vous
-- envelope: success
SELECT r.id, r.patient_id, p.nom, p.prenom, r.medecin_id, m.nom AS medecin, m.specialite, r.debut_at, r.duree_min, r.mode,
       CASE WHEN :me_role <> 'secretaire' THEN r.motif END AS motif, r.statut, r.conversation_id, r.session_id
FROM rendez_vous r JOIN patients p ON p.id_patient = r.patient_id JOIN professionnels m ON m.id_professionnel = r.medecin_id
WHERE (:me_role = 'secretaire' OR r.patient_id = :me_id OR r.medecin_id = :me_id)
  AND r.debut_at >= COALESCE(:du, substr(:now, 1, 10)) AND (:au IS NULL OR r.debut_at < date(:au, '+1 day'))
  AND (:statut IS NULL OR r.statut = :statut)
ORDER BY r.debut_at, r.id LIMIT max(0, min(:limit, 1000));

-- name: confirmAppointment :one
-- param: id integer
-- roles: medecin, secretaire
-- http: POST /rendez-vous/:id/confirmation
-- envelope: success
UPDATE rendez_vous SET statut = 'confirme'
WHERE id = :id AND statut = 'demande' AND (:me_role = 'secretaire' OR medecin_id = :me_id);
-- expect: 1 "Ce rendez-vous n'est pas à confirmer"
SELECT id, patient_id, medecin_id, debut_at, statut FROM rendez_vous WHERE id = :id;

-- Either side, or the secretary, before it begins.
-- name: cancelAppointment :one
-- param: id integer
-- roles: medecin, secretaire, patient
-- http: DELETE /rendez-vous/:id
-- envelope: success
UPDATE rendez_vous SET statut = 'annule'
WHERE id = :id AND statut IN ('demande', 'confirme')
  AND (:me_role = 'secretaire' OR medecin_id = :me_id OR patient_id = :me_id);
-- expect: 1 "Ce rendez-vous ne s'annule plus"
SELECT id, patient_id, medecin_id, debut_at, statut FROM rendez_vous WHERE id = :id;

-- The doctor begins: `conversation_id` is the direct room (`open_direct`), `session_id` the call that was opened in it
-- (`POST /api/messaging/webrtc/sessions`). The patient is told.
-- name: startConsultation :one
-- param: id integer
-- param: conversation_id integer?
-- param: session_id integer?
-- roles: medecin
-- http: POST /rendez-vous/:id/debut
-- envelope: success
UPDATE rendez_vous
SET statut = 'en_cours', conversation_id = COALESCE(:conversation_id, conversation_id), session_id = COALESCE(:session_id, session_id)
WHERE id = :id AND medecin_id = :me_id AND statut IN ('confirme', 'en_cours');
-- expect: 1 "Ce rendez-vous n'est pas confirmé, ou est celui d'un confrère"
SELECT id, patient_id, medecin_id, statut, conversation_id, session_id, mode FROM rendez_vous WHERE id = :id;

-- The end, with what the doctor keeps and what the patient is given; or the patient did not come.
-- name: finishConsultation :one
-- param: id integer
-- param: conclusion text = ""
-- param: observations text = ""
-- param: absent boolean = false
-- roles: medecin
-- http: POST /rendez-vous/:id/fin
-- envelope: success
UPDATE rendez_vous SET statut = CASE WHEN :absent THEN 'absent' ELSE 'termine' END
WHERE id = :id AND medecin_id = :me_id AND statut IN ('confirme', 'en_cours');
-- expect: 1 "Ce rendez-vous n'a pas lieu chez vous"
INSERT INTO notes(rendez_vous_id, patient_id, medecin_id, observations, conclusion, at)
SELECT id, patient_id, medecin_id, :observations, :conclusion, :now FROM rendez_vous WHERE id = :id AND statut = 'termine';
SELECT id, patient_id, medecin_id, debut_at, statut FROM rendez_vous WHERE id = :id;

-- What the patient was given; the doctor's own observations are only for who wrote them.
-- name: getConclusions :many
-- param: patient_id integer?
-- param: limit integer = 100
-- roles: medecin, patient
-- http: GET /conclusions
-- envelope: success
SELECT n.id, n.rendez_vous_id, r.debut_at, n.patient_id, n.medecin_id, m.nom AS medecin, n.conclusion,
       CASE WHEN n.medecin_id = :me_id THEN n.observations END AS observations, n.at
FROM notes n JOIN rendez_vous r ON r.id = n.rendez_vous_id JOIN professionnels m ON m.id_professionnel = n.medecin_id
WHERE (n.patient_id = :me_id OR n.medecin_id = :me_id) AND (:patient_id IS NULL OR n.patient_id = :patient_id)
ORDER BY n.id DESC LIMIT max(0, min(:limit, 500));

-- Figures of a doctor, or of all for the administrator. Without `du`: this year.
-- name: activity :many
-- param: du text?
-- roles: administrateur, medecin
-- http: GET /rapports/activite
-- envelope: success
SELECT r.medecin_id, m.nom, m.specialite, count(*) FILTER (WHERE r.statut = 'termine') AS consultations,
       count(*) FILTER (WHERE r.statut = 'absent') AS absences, count(*) FILTER (WHERE r.statut = 'annule') AS annulations,
       COALESCE(sum(m.tarif) FILTER (WHERE r.statut = 'termine'), 0) AS honoraires
FROM rendez_vous r JOIN professionnels m ON m.id_professionnel = r.medecin_id
WHERE r.debut_at >= COALESCE(:du, substr(:now, 1, 4)) AND (:me_role = 'administrateur' OR r.medecin_id = :me_id)
GROUP BY r.medecin_id ORDER BY consultations DESC, r.medecin_id;
