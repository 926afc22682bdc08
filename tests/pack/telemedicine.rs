//! Telemedicine: appointments, who sees which, and what only the doctor reads.

use serde_json::{Value, json};

use crate::{
    hub::Client,
    shipped::{call, enveloped, forbidden, id_of, number, refused, seeded, serve, trials},
};

#[test]
fn telemedicine_checks_clean_and_its_seed_agrees_with_itself() {
    assert!(trials("telemedicine").len() > 12);
    let (_dir, conn) = seeded("telemedicine");
    assert_eq!(number(&conn, "SELECT count(*) FROM patients"), 302);
    assert_eq!(number(&conn, "SELECT count(*) FROM rendez_vous"), 2400);
    let between = "SELECT count(*) FROM patients WHERE id_patient BETWEEN 7 AND 100000";
    assert_eq!(number(&conn, between), 0);
    let unwritten = "SELECT count(*) FROM rendez_vous r WHERE (statut = 'termine') <>
        EXISTS (SELECT 1 FROM notes WHERE rendez_vous_id = r.id)";
    assert_eq!(number(&conn, unwritten), 0);
}

/// The first free slot of a doctor from tomorrow on.
fn a_slot(client: &Client, doctor: i64, days: &[Value]) -> Value {
    days.iter()
        .find_map(|day| {
            let slots = call(client, "freeSlots", &json!({"medecin_id": doctor, "jour": day}));
            slots.as_array().unwrap().first().cloned()
        })
        .expect("a week has a free slot")["debut_at"]
        .clone()
}

/// The days after the seed's last appointment.
fn quiet_days() -> Vec<Value> {
    let conn = rusqlite::Connection::open_in_memory().unwrap();
    let day = |n: i64| -> String {
        conn.query_row("SELECT date('now', ?1 || ' days')", [n], |row| row.get(0))
            .unwrap()
    };
    (20..27).map(|n| json!(day(n))).collect()
}

#[test]
fn a_consultation_from_the_request_to_the_conclusion() {
    let hub = serve("telemedicine");
    let (jean, lina, martin) = (hub.as_user("jean"), hub.as_user("lina"), hub.as_user("martin"));
    let (rahmani, desk) = (hub.as_user("rahmani"), hub.as_user("aida"));
    let doctor = id_of(&martin);
    let slot = a_slot(&jean, doctor, &quiet_days());

    let wish = json!({"medecin_id": doctor, "debut_at": slot, "motif": "Renouvellement"});
    let made = enveloped(&jean.post("/rendez-vous", &wish));
    assert_eq!(
        (&made["statut"], &made["patient_id"]),
        (&json!("demande"), &json!(id_of(&jean)))
    );
    let id = made["id"].clone();
    assert_eq!(
        refused(&lina, "requestAppointment", &wish),
        "Ce créneau n'est pas libre"
    );
    let taken = call(
        &lina,
        "freeSlots",
        &json!({"medecin_id": doctor, "jour": &slot.as_str().unwrap()[..10]}),
    );
    assert!(
        !taken
            .as_array()
            .unwrap()
            .iter()
            .any(|free| free["debut_at"] == slot)
    );
    let night = format!("{}T03:00:00.000Z", &slot.as_str().unwrap()[..10]);
    refused(
        &lina,
        "requestAppointment",
        &json!({"medecin_id": doctor, "debut_at": night}),
    );

    refused(&rahmani, "confirmAppointment", &json!([id]));
    forbidden(&jean, "confirmAppointment", &json!([id]));
    call(&desk, "confirmAppointment", &json!([id]));
    refused(&lina, "cancelAppointment", &json!([id]));
    let begun = json!({"id": id, "conversation_id": 5, "session_id": 9});
    refused(&rahmani, "startConsultation", &begun);
    assert_eq!(call(&martin, "startConsultation", &begun)["statut"], "en_cours");
    let end = json!({"id": id, "observations": "À surveiller", "conclusion": "Traitement reconduit"});
    call(&martin, "finishConsultation", &end);

    let given = call(&jean, "getConclusions", &json!([]));
    assert_eq!(given[0]["conclusion"], "Traitement reconduit");
    assert_eq!(
        given[0]["observations"],
        json!(null),
        "only who wrote them reads them"
    );
    let kept = call(&martin, "getConclusions", &json!({"patient_id": id_of(&jean)}));
    assert_eq!(kept[0]["observations"], "À surveiller");
    let others = call(&rahmani, "getConclusions", &json!({"patient_id": id_of(&jean)}));
    assert!(
        !others
            .as_array()
            .unwrap()
            .iter()
            .any(|note| note["rendez_vous_id"] == id)
    );
    forbidden(&desk, "getConclusions", &json!([]));
}

#[test]
fn each_sees_the_appointments_that_are_his() {
    let hub = serve("telemedicine");
    let (jean, martin, desk) = (hub.as_user("jean"), hub.as_user("martin"), hub.as_user("aida"));
    for (client, column) in [(&jean, "patient_id"), (&martin, "medecin_id")] {
        let me = id_of(client);
        let seen = client.get("/api/tables/rendez_vous?limit=5000").ok();
        let seen = seen.as_array().unwrap();
        assert!(!seen.is_empty() && seen.iter().all(|row| row[column] == me));
        let listed = call(
            client,
            "getAppointments",
            &json!({"du": "2000-01-01", "limit": 1000}),
        );
        assert!(listed.as_array().unwrap().iter().all(|row| row[column] == me));
    }
    desk.get("/api/tables/rendez_vous?select=id,motif")
        .problem(403, "forbidden");
    desk.get("/api/tables/patients?select=id_patient,antecedents")
        .problem(403, "forbidden");
    desk.get("/api/tables/notes").problem(403, "forbidden");
    jean.get("/api/tables/notes").problem(403, "forbidden");
    jean.get("/api/tables/disponibilites").problem(403, "forbidden");
    let planned = call(&desk, "getAppointments", &json!({"du": "2000-01-01"}));
    assert!(
        planned
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["motif"].is_null())
    );

    let me = enveloped(&jean.get("/moi"));
    assert_eq!(
        (&me["userType"], &me["id_patient"], &me["nom"]),
        (&json!("patient"), &json!(id_of(&jean)), &json!("Dupont"))
    );
    assert_eq!(enveloped(&martin.get("/moi"))["id_professionnel"], id_of(&martin));
    // Another patient's file is not there, one's own is.
    let other = id_of(&hub.as_user("lina"));
    jean.get(&format!("/patients/{other}")).problem(404, "not_found");
    enveloped(&jean.get(&format!("/patients/{}", id_of(&jean))));
}

#[test]
fn doctors_open_calls_and_patients_do_not() {
    let pack = comptoir::pack::Pack::embedded("telemedicine").unwrap();
    let opens = |role: &str| pack.roles.get(role).unwrap().open_calls;
    assert!(opens("medecin") && !opens("patient") && !opens("secretaire"));
    let patient = pack.roles.get("patient").unwrap();
    assert!(patient.external && !patient.notify && !patient.raw_sql);
    let contacts = patient.contacts.clone().unwrap();
    assert!(
        !contacts.contains(&"patient".to_owned()),
        "patients do not see each other"
    );
}
