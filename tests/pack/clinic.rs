//! The clinic: what each role may and may not, the routes of the old front end in its shapes, a day's work.

use serde_json::json;

use crate::shipped::{call, enveloped, forbidden, id_of, number, put, refused, seeded, serve, trials};

#[test]
fn the_clinic_checks_clean_and_its_seed_agrees_with_itself() {
    assert!(trials("clinic").len() > 40);
    let (_dir, conn) = seeded("clinic");
    assert_eq!(number(&conn, "SELECT count(*) FROM patients"), 400);
    assert_eq!(number(&conn, "SELECT count(*) FROM visites"), 4009);
    let wrong_stocks = "SELECT count(*) FROM medicaments m WHERE stock <>
        (SELECT COALESCE(sum(quantite), 0) FROM mouvements_medicaments WHERE medicament_id = m.id)";
    assert_eq!(number(&conn, wrong_stocks), 0);
    let overpaid = "SELECT count(*) FROM visites v WHERE (SELECT COALESCE(sum(montant), 0) FROM paiements
        WHERE visite_id = v.id) > (SELECT COALESCE(sum(quantite * prix), 0) FROM visite_actes WHERE visite_id = v.id)";
    assert_eq!(number(&conn, overpaid), 0);
    let empty = "SELECT count(*) FROM ordonnances o WHERE NOT EXISTS
        (SELECT 1 FROM lignes_ordonnance WHERE ordonnance_id = o.id)";
    assert_eq!(number(&conn, empty), 0);
    assert!(number(&conn, "SELECT count(*) FROM comptes_rendus") > 300);
}

#[test]
fn the_routes_of_the_old_front_end_answer_in_its_shapes() {
    let hub = serve("clinic");
    let doctor = hub.as_user("fall");

    let patients = enveloped(&doctor.get("/patients"));
    assert_eq!(patients.as_array().unwrap().len(), 100, "the newest hundred");
    assert_eq!(patients[0]["code"], 400);
    let found = enveloped(&doctor.get("/patients/search/Haddad%20Nabil"));
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        enveloped(&doctor.get("/api/medicines")).as_array().unwrap().len(),
        60
    );
    assert_eq!(
        enveloped(&doctor.get("/api/quantities"))
            .as_array()
            .unwrap()
            .len(),
        14
    );
    assert_eq!(
        enveloped(&doctor.get("/api/comptesRendus"))
            .as_array()
            .unwrap()
            .len(),
        100
    );

    let lines = json!([{"medicament_id": 1, "quantite_id": 2, "duree": "5 jours"}, {"medicament_id": 7}]);
    let body = json!({"patientCode": 12, "lignes": lines, "note": "après le repas"});
    let made = enveloped(&doctor.post("/api/ordonnances", &body));
    assert_eq!(
        (&made["patient_code"], &made["medicaments"]),
        (&json!(12), &json!(2))
    );
    let of_patient = enveloped(&doctor.get("/api/ordonnances/12"));
    assert_eq!(of_patient[0]["id"], made["id"], "the newest first");
    let told: serde_json::Value = serde_json::from_str(of_patient[0]["lignes"].as_str().unwrap()).unwrap();
    assert_eq!(told[0]["duree"], "5 jours");
    assert_eq!(told[0]["quantite"], "1 comprimé 3 fois par jour");

    let path = format!("/api/ordonnances/{}", made["id"]);
    let changed = enveloped(&put(&doctor, &path, &json!({"lignes": [{"medicament_id": 3}]})));
    assert_eq!(
        (&changed["medicaments"], &changed["note"]),
        (&json!(1), &json!("après le repas"))
    );
    assert_eq!(enveloped(&doctor.delete(&path))["id"], made["id"]);
    let gone = doctor.delete(&path).problem(409, "precondition_failed");
    assert_eq!(gone["success"], false, "errors have the envelope's word too");
    hub.client().get("/patients").problem(401, "unauthorized");
}

#[test]
fn the_old_servers_own_routes_answer_behind_the_token() {
    let hub = serve("clinic");
    let (doctor, desk) = (hub.as_user("fall"), hub.as_user("aida"));
    let health = hub.client().get("/health").ok();
    assert_eq!(health["status"], "ok");
    assert!(health["computerName"].is_string() && health["version"].is_string());
    hub.client().get("/info").problem(401, "unauthorized");
    assert_eq!(desk.get("/info").ok()["port"], hub.addr().port());

    let execute = |name: &str, args: serde_json::Value| json!({"functionName": name, "args": args});
    let anonymous = hub
        .client()
        .post("/db/execute", &execute("getAllPatients", json!([])));
    anonymous.problem(401, "unauthorized");
    let listed = enveloped(&desk.post("/db/execute", &execute("getAllPatients", json!([5, 10]))));
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["code"]),
        (5, &json!(390))
    );
    let created = execute("createPatient", json!([{"nom": "Ly", "prenom": "Awa"}]));
    assert_eq!(enveloped(&desk.post("/db/execute", &created))["nom"], "Ly");
    desk.post("/db/execute", &execute("getAllVisitsByPatient", json!([1])))
        .problem(403, "forbidden");
    let unknown = desk.post("/db/execute", &execute("$executeRaw", json!([])));
    assert_eq!(unknown.problem(404, "not_found")["success"], false);

    let sql = json!({"query": "SELECT count(*) FROM visites", "params": []});
    desk.post("/query", &sql).problem(403, "forbidden");
    assert_eq!(enveloped(&doctor.post("/query", &sql))["rows"], json!([[4009]]));
}

#[test]
fn each_role_reads_of_a_patient_what_its_work_needs() {
    let hub = serve("clinic");
    let (doctor, nurse) = (hub.as_user("fall"), hub.as_user("khady"));
    let (desk, till) = (hub.as_user("aida"), hub.as_user("modou"));
    let pharmacy = hub.as_user("samira");

    // Patient 14 is allergic and has a history.
    call(
        &doctor,
        "updateMedicalHistory",
        &json!({"code": 14, "allergies": "Iode", "antecedents": "Asthme"}),
    );
    assert_eq!(call(&doctor, "getPatient", &json!([14]))["antecedents"], "Asthme");
    let nurses = call(&nurse, "getPatient", &json!([14]));
    assert_eq!(
        (&nurses["allergies"], &nurses["antecedents"]),
        (&json!("Iode"), &json!(null))
    );
    let desks = call(&desk, "getPatient", &json!([14]));
    assert_eq!(
        (&desks["allergies"], &desks["antecedents"]),
        (&json!(null), &json!(null))
    );
    for (client, columns) in [
        (&desk, "allergies"),
        (&desk, "antecedents"),
        (&nurse, "antecedents"),
        (&till, "date_naissance"),
        (&pharmacy, "antecedents"),
    ] {
        let path = format!("/api/tables/patients?select=code,{columns}");
        client.get(&path).problem(403, "forbidden");
    }
    for (client, column) in [(&desk, "diagnostic"), (&nurse, "diagnostic"), (&till, "motif")] {
        let path = format!("/api/tables/visites?select=id,{column}&limit=1");
        client.get(&path).problem(403, "forbidden");
    }
    for client in [&desk, &till, &pharmacy, &nurse] {
        client.get("/api/tables/comptes_rendus").problem(403, "forbidden");
        forbidden(client, "getAllVisitsByPatient", &json!([14]));
        forbidden(client, "getComptesRendus", &json!([]));
        forbidden(
            client,
            "createOrdonnance",
            &json!({"patientCode": 14, "lignes": []}),
        );
        let sql = json!({"query": "SELECT 1", "params": []});
        client.post("/api/query", &sql).problem(403, "forbidden");
    }
    pharmacy.get("/api/tables/visites").problem(403, "forbidden");
    till.get("/api/tables/ordonnances").problem(403, "forbidden");
    forbidden(&desk, "dispenseOrdonnance", &json!([1]));
    // The doctor may ask in SQL, but signs nothing by hand.
    doctor
        .post(
            "/api/query",
            &json!({"query": "SELECT diagnostic FROM visites LIMIT 1", "params": []}),
        )
        .ok();
    let forged = "INSERT INTO ordonnances(patient_code, medecin_id) VALUES (1, 2)";
    doctor
        .post("/api/query", &json!({"query": forged, "params": []}))
        .problem(403, "forbidden");
}

#[test]
fn a_visit_goes_from_the_door_to_the_till() {
    let hub = serve("clinic");
    let (desk, nurse, till) = (hub.as_user("aida"), hub.as_user("khady"), hub.as_user("modou"));
    let (fall, sarr) = (hub.as_user("fall"), hub.as_user("sarr"));
    let mut screen = hub.socket_at("aida", "tables=visites");

    let patient = call(&desk, "createPatient", &json!({"nom": "Ly", "prenom": "Awa"}))["code"].clone();
    let visit = json!({"patient_code": patient, "medecin_id": id_of(&fall), "motif": "Toux"});
    let visit = call(&desk, "createVisit", &visit)["id"].clone();
    assert_eq!(
        refused(&desk, "createVisit", &json!({"patient_code": patient})),
        "Patient inconnu ou déjà présent, ou médecin inconnu"
    );
    let cashier = id_of(&till);
    refused(
        &desk,
        "createVisit",
        &json!({"patient_code": 1, "medecin_id": cashier}),
    );
    let waiting = call(&nurse, "waitingRoom", &json!([]));
    assert!(waiting.as_array().unwrap().iter().any(|w| w["id"] == visit));
    call(
        &nurse,
        "recordVitals",
        &json!({"visite_id": visit, "temperature": 38.4, "tension": "12/8"}),
    );

    refused(&sarr, "startVisit", &json!([visit]));
    call(&fall, "startVisit", &json!([visit]));
    call(&fall, "addAct", &json!({"visite_id": visit, "acte_id": 9}));
    refused(
        &sarr,
        "finishVisit",
        &json!({"visite_id": visit, "diagnostic": "x"}),
    );
    let seen = json!({"visite_id": visit, "symptomes": "Toux sèche", "diagnostic": "Bronchite"});
    assert_eq!(call(&fall, "finishVisit", &seen)["montant"], 20000);

    // Reception sees the visit move, and nothing of what was found.
    let end = screen
        .try_event(|e| e["changes"][0]["row"]["statut"] == "terminee")
        .unwrap();
    let row = end["changes"][0]["row"].as_object().unwrap();
    assert!(row.contains_key("fin_at") && !row.contains_key("diagnostic") && !row.contains_key("symptomes"));

    let due = call(&till, "visitsToPay", &json!([]));
    let due = due
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["visite_id"] == visit)
        .unwrap();
    assert_eq!(due["reste"], 20000);
    let part = call(
        &till,
        "createPaymentValidation",
        &json!({"visite_id": visit, "montant": 15000}),
    );
    assert_eq!(part["reste"], 5000);
    let too_much = json!({"visite_id": visit, "montant": 5001});
    refused(&till, "createPaymentValidation", &too_much);
    call(
        &till,
        "createPaymentValidation",
        &json!({"visite_id": visit, "mode": "mobile"}),
    );
    refused(&till, "createPaymentValidation", &json!({"visite_id": visit}));
    assert_eq!(call(&till, "dailyReceipts", &json!([]))["encaisse"], 20000);
    forbidden(
        &desk,
        "cancelPayment",
        &json!({"paiement_id": part["id"], "motif": "x"}),
    );
    refused(
        &till,
        "cancelPayment",
        &json!({"paiement_id": part["id"], "motif": " "}),
    );
    call(
        &till,
        "cancelPayment",
        &json!({"paiement_id": part["id"], "motif": "erreur"}),
    );
    assert_eq!(call(&till, "dailyReceipts", &json!([]))["annule"], 15000);
}

#[test]
fn a_prescription_is_its_authors_until_it_is_handed_out_and_then_takes_from_the_stock() {
    let hub = serve("clinic");
    let (fall, sarr, pharmacy) = (hub.as_user("fall"), hub.as_user("sarr"), hub.as_user("samira"));
    let stock = |id: i64| {
        let path = format!("/api/tables/medicaments/{id}");
        pharmacy.get(&path).ok()["stock"].as_i64().unwrap()
    };
    let (first, second) = (stock(5), stock(6));
    for bad in [
        json!([]),
        json!([{"medicament_id": 9999}]),
        json!([{"medicament_id": 5, "quantite_id": 99}]),
    ] {
        refused(
            &fall,
            "createOrdonnance",
            &json!({"patientCode": 1, "lignes": bad}),
        );
    }
    let lines = json!([{"medicament_id": 5, "boites": 2}, {"medicament_id": 6, "boites": second + 1}]);
    let id = call(
        &fall,
        "createOrdonnance",
        &json!({"patientCode": 1, "lignes": lines}),
    )["id"]
        .clone();
    refused(&sarr, "updateOrdonnance", &json!({"id": id, "note": "x"}));
    refused(&sarr, "deleteOrdonnance", &json!([id]));

    assert_eq!(
        refused(&pharmacy, "dispenseOrdonnance", &json!([id])),
        "Stock insuffisant pour au moins un médicament"
    );
    assert_eq!((stock(5), stock(6)), (first, second), "all of it, or nothing");
    call(
        &fall,
        "updateOrdonnance",
        &json!({"id": id, "lignes": [{"medicament_id": 5, "boites": 2}]}),
    );
    let handed = call(&pharmacy, "dispenseOrdonnance", &json!([id]));
    assert_eq!(handed["statut"], "delivree");
    assert_eq!((stock(5), stock(6)), (first - 2, second));
    let history = call(&pharmacy, "medicineHistory", &json!([5]));
    assert_eq!(history[0]["motif"], format!("ordonnance {id}"));
    refused(&fall, "updateOrdonnance", &json!({"id": id, "note": "x"}));
    refused(&fall, "deleteOrdonnance", &json!([id]));
    refused(&pharmacy, "dispenseOrdonnance", &json!([id]));
}

#[test]
fn a_report_is_changed_by_its_author_until_it_is_signed() {
    let hub = serve("clinic");
    let (fall, sarr) = (hub.as_user("fall"), hub.as_user("sarr"));
    let report = json!({"patientCode": 3, "titre": "Échographie", "contenu": "Sans particularité"});
    let id = enveloped(&fall.post("/api/comptesRendus", &report))["id"].clone();
    refused(&sarr, "updateCompteRendu", &json!({"id": id, "titre": "x"}));
    refused(&sarr, "signCompteRendu", &json!([id]));
    call(
        &fall,
        "updateCompteRendu",
        &json!({"id": id, "contenu": "Kyste simple"}),
    );
    call(&fall, "signCompteRendu", &json!([id]));
    refused(&fall, "updateCompteRendu", &json!({"id": id, "contenu": "x"}));
    assert_eq!(
        call(&sarr, "getCompteRendu", &json!([id]))["contenu"],
        "Kyste simple"
    );
}
