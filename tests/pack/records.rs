//! Shared records: patients see what is theirs, doctors what was opened to them, pharmacists prescriptions alone.

use serde_json::{Value, json};

use crate::{
    hub::{Client, Hub},
    shipped::{call, enveloped, forbidden, id_of, number, put, refused, seeded, serve, trials},
};

#[test]
fn the_records_check_clean_and_their_seed_agrees_with_itself() {
    assert!(trials("records").len() > 20);
    let (_dir, conn) = seeded("records");
    assert_eq!(number(&conn, "SELECT count(*) FROM patients"), 320);
    assert_eq!(number(&conn, "SELECT count(*) FROM dossiers"), 1800);
    assert_eq!(number(&conn, "SELECT count(*) FROM prescriptions"), 1500);
    // No account that is made later is given the file of somebody who has none.
    let between = "SELECT count(*) FROM patients WHERE id BETWEEN 7 AND 100000";
    assert_eq!(number(&conn, between), 0);
    let foreign =
        "SELECT count(*) FROM lignes_prescription l JOIN prescriptions r ON r.id = l.prescription_id
        WHERE l.patient_id <> r.patient_id OR l.medecin_id <> r.medecin_id";
    assert_eq!(number(&conn, foreign), 0);
}

struct People {
    hub: Hub,
    doctor: Client,
    other_doctor: Client,
    pharmacist: Client,
    ousmane: Client,
    nour: Client,
}

fn people() -> People {
    let hub = serve("records");
    People {
        doctor: hub.as_user("diallo"),
        other_doctor: hub.as_user("benali"),
        pharmacist: hub.as_user("samira"),
        ousmane: hub.as_user("ousmane"),
        nour: hub.as_user("nour"),
        hub,
    }
}

fn rows(client: &Client, table: &str) -> Vec<Value> {
    let path = format!("/api/tables/{table}?limit=5000");
    client.get(&path).ok().as_array().unwrap().clone()
}

#[test]
fn a_patient_sees_his_own_rows_and_no_others() {
    let p = people();
    let me = id_of(&p.ousmane);
    for (table, owner) in [
        ("patients", "id"),
        ("demandes_acces", "patient_id"),
        ("dossiers", "patient_id"),
        ("prescriptions", "patient_id"),
        ("lignes_prescription", "patient_id"),
    ] {
        let seen = rows(&p.ousmane, table);
        assert!(!seen.is_empty(), "{table}");
        assert!(seen.iter().all(|row| row[owner] == me), "{table}");
    }
    assert_eq!(call(&p.ousmane, "myFile", &json!([]))["nom"], "Kane");
    let other = id_of(&p.nour);
    assert_eq!(call(&p.ousmane, "getRecords", &json!([other])), json!([]));
    let theirs = rows(&p.nour, "dossiers")[0]["id"].clone();
    p.ousmane
        .post(&format!("/records/{theirs}/read"), &json!({}))
        .problem(404, "not_found");
    p.ousmane
        .get(&format!("/api/tables/dossiers/{theirs}"))
        .problem(404, "not_found");
    for function in ["searchPatients", "getInventory", "createPrescription", "announce"] {
        forbidden(&p.ousmane, function, &json!([]));
    }
    p.ousmane.get("/api/tables/inventaire").problem(403, "forbidden");
    // The telephone is the patient's to change, the blood group is not; and only the own one.
    p.ousmane
        .patch(
            &format!("/api/tables/patients/{me}"),
            &json!({"telephone": "+221"}),
        )
        .ok();
    p.ousmane
        .patch(
            &format!("/api/tables/patients/{me}"),
            &json!({"groupe_sanguin": "B+"}),
        )
        .problem(403, "forbidden");
    p.ousmane
        .patch(
            &format!("/api/tables/patients/{other}"),
            &json!({"telephone": "1"}),
        )
        .problem(404, "not_found");
}

#[test]
fn a_pharmacist_reads_prescriptions_and_nothing_else_of_a_patient() {
    let p = people();
    assert!(rows(&p.pharmacist, "prescriptions").len() > 1000);
    for table in ["dossiers", "patients", "demandes_acces", "consultations"] {
        let path = format!("/api/tables/{table}");
        p.pharmacist.get(&path).problem(403, "forbidden");
        let sql = json!({"query": format!("SELECT count(*) FROM {table}"), "params": []});
        p.pharmacist.post("/api/query", &sql).problem(403, "forbidden");
    }
    for function in ["getRecords", "readRecord", "searchPatients", "createPrescription"] {
        forbidden(&p.pharmacist, function, &json!([]));
    }
}

#[test]
fn a_doctor_reads_anothers_record_only_while_the_patient_says_yes_and_leaves_a_trace() {
    let p = people();
    let patient = id_of(&p.nour);
    // Nour has opened her file to Dr Benali, not to Dr Diallo.
    let record = json!({"patient_id": patient, "titre": "Consultation", "contenu": "Confidentiel"});
    assert_eq!(
        refused(
            &p.doctor,
            "createRecord",
            &json!({"patient_id": patient, "titre": "x"})
        ),
        "Demandez d'abord l'accès au patient"
    );
    let record = enveloped(&p.other_doctor.post("/records", &record))["id"].clone();
    let read = format!("/records/{record}/read");
    p.doctor.post(&read, &json!({})).problem(404, "not_found");
    assert!(
        !rows(&p.doctor, "dossiers").iter().any(|row| row["id"] == record),
        "by hand only what he wrote"
    );

    let asked = json!({"patient_id": patient, "motif": "Deuxième avis"});
    let request = enveloped(&p.doctor.post("/access-requests", &asked))["id"].clone();
    assert_eq!(
        refused(&p.doctor, "requestAccess", &asked),
        "Patient inconnu, ou demande déjà faite"
    );
    p.doctor.post(&read, &json!({})).problem(404, "not_found");
    let path = format!("/access-requests/{request}");
    refused(
        &p.ousmane,
        "answerAccessRequest",
        &json!({"id": request, "approuver": true}),
    );
    forbidden(
        &p.doctor,
        "answerAccessRequest",
        &json!({"id": request, "approuver": true}),
    );
    assert_eq!(
        enveloped(&put(&p.nour, &path, &json!({"approuver": true})))["statut"],
        "approuvee"
    );

    assert_eq!(
        enveloped(&p.doctor.post(&read, &json!({})))["contenu"],
        "Confidentiel"
    );
    let seen = call(&p.nour, "recordAccesses", &json!([]));
    assert_eq!(seen.as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(
        (&seen[0]["dossier_id"], &seen[0]["medecin"]),
        (&record, &json!("Dr Mariam Diallo"))
    );
    refused(&p.doctor, "updateRecord", &json!({"id": record, "contenu": "x"}));

    enveloped(&p.nour.delete(&path));
    p.doctor.post(&read, &json!({})).problem(404, "not_found");
    assert_eq!(
        call(&p.nour, "recordAccesses", &json!([]))
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_prescription_goes_its_way_one_step_at_a_time() {
    let p = people();
    let patient = id_of(&p.ousmane);
    for bad in [
        json!([]),
        json!([{"dosage": "1 g"}]),
        json!([{"medicament": "A"}, {"medicament": " "}]),
    ] {
        let args = json!({"patient_id": patient, "medicaments": bad});
        assert_eq!(
            refused(&p.doctor, "createPrescription", &args),
            "Patient inconnu, ou ordonnance vide"
        );
    }
    let medicines =
        json!([{"medicament": "Amoxicilline", "dosage": "500 mg", "quantite": 2}, {"medicament": "Fer"}]);
    let args = json!({"patient_id": patient, "medicaments": medicines});
    let made = enveloped(&p.doctor.post("/prescriptions", &args));
    let id = made["id"].clone();
    assert_eq!(made["statut"], "nouvelle");
    assert_eq!(
        call(&p.pharmacist, "prescriptionLines", &json!([id]))[1]["medicament"],
        "Fer"
    );
    assert_eq!(call(&p.nour, "prescriptionLines", &json!([id])), json!([]));
    let address = json!({"id": id, "adresse": "3 rue Blanchot"});
    assert_eq!(
        call(&p.ousmane, "requestDelivery", &address)["statut"],
        "demandee"
    );
    refused(&p.nour, "requestDelivery", &address);

    let status = |statut: &str| json!({"id": id, "statut": statut});
    refused(&p.pharmacist, "setPrescriptionStatus", &status("prete"));
    for step in ["validee", "preparee", "prete"] {
        let done = call(&p.pharmacist, "setPrescriptionStatus", &status(step));
        assert_eq!(done["statut"], step);
    }
    assert_eq!(
        refused(&p.doctor, "cancelPrescription", &json!([id])),
        "Trop tard, ou ordonnance d'un confrère"
    );
    let stock = |client: &Client| {
        let all = call(client, "getInventory", &json!(["Amoxicilline"]));
        all[0]["quantite"].as_i64().unwrap()
    };
    let before = stock(&p.pharmacist);
    call(&p.pharmacist, "confirmDelivery", &json!([id]));
    assert_eq!(stock(&p.pharmacist), before - 2);
    let brought = rows(&p.ousmane, "livraisons");
    assert!(
        brought
            .iter()
            .any(|l| l["prescription_id"] == id && l["statut"] == "confirmee")
    );
}

#[test]
fn the_doctor_writes_a_prescription_with_one_call_and_the_right_people_see_it() {
    let p = people();
    let (mut pharmacy, mut patient) = (p.hub.socket("samira"), p.hub.socket("ousmane"));
    let mut stranger = p.hub.socket("nour");
    let args = json!({"patient_id": id_of(&p.ousmane), "medicaments": [{"medicament": "Fer"}]});
    let made = p.hub.socket("diallo").rpc("createPrescription", args).unwrap();
    for socket in [&mut pharmacy, &mut patient] {
        let change = socket.change_at(&made["commit"]);
        assert_eq!(change["by"]["function"], "createPrescription");
        let row = &change["changes"][0];
        assert_eq!(
            (&row["table"], &row["op"]),
            (&json!("prescriptions"), &json!("insert"))
        );
        assert_eq!(row["row"]["numero"], made["data"]["numero"]);
    }
    // What comes to a stranger first is a later change, of the own file.
    let path = format!("/api/tables/patients/{}", id_of(&p.nour));
    p.nour.patch(&path, &json!({"telephone": "+221"})).ok();
    assert_eq!(stranger.change()["changes"][0]["table"], "patients");
}
