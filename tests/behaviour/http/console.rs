//! What the console asks for, beside the contract's own routes.

use serde_json::{Value, json};

use crate::support::{Hub, eventually};

#[test]
fn the_consoles_routes_are_for_administrators() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for path in [
        "history",
        "rooms",
        "pack",
        "network",
        "backup",
        "audit/export",
        "users/1/logins",
    ] {
        awa.get(&format!("/api/admin/{path}")).problem(403, "forbidden");
        hub.client()
            .get(&format!("/api/admin/{path}"))
            .problem(401, "unauthorized");
    }
    let nobody = "00000000-0000-0000-0000-000000000000";
    awa.post(
        &format!("/api/admin/sessions/{nobody}/message"),
        &json!({"text": "x"}),
    )
    .problem(403, "forbidden");
    awa.delete(&format!("/api/admin/logins/{nobody}"))
        .problem(403, "forbidden");
}

#[test]
fn the_history_shows_the_past_to_whoever_comes_later() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    awa.query("INSERT INTO lignes VALUES ('x')", json!([])).unwrap();
    let admin = hub.as_user("admin");
    let history = eventually("the write is in a point of the history", || {
        let history = admin.get("/api/admin/history").ok();
        let commits = history["series"]["commits"].as_array()?;
        commits.iter().any(|n| n.as_f64() > Some(0.0)).then_some(history)
    });
    let points = history["at"].as_array().unwrap();
    assert_eq!(history["every_s"], 5);
    for values in history["series"].as_object().unwrap().values() {
        assert_eq!(values.as_array().unwrap().len(), points.len());
    }
    assert!(
        history["sessions"]["vendeur"]
            .as_array()
            .unwrap()
            .contains(&json!(1))
    );
    assert!(history["series"]["disk_free_bytes"][0].as_f64().unwrap() > 0.0);
    let last = points.last().unwrap();
    let later = admin.get(&format!("/api/admin/history?since={last}")).ok();
    assert!(later["at"].as_array().unwrap().len() <= 1, "only what is new");
    assert_eq!(admin.get("/api/admin/history?span=day").ok()["every_s"], 60);
    admin
        .get("/api/admin/history?span=week")
        .problem(400, "invalid_request");
}

#[test]
fn a_message_reaches_one_session_alone() {
    let hub = Hub::start();
    let (mut awa, mut moussa) = (hub.socket("awa"), hub.socket("moussa"));
    let admin = hub.as_user("admin");
    let path = format!("/api/admin/sessions/{}/message", awa.session());
    assert_eq!(
        admin
            .post(&path, &json!({"text": "Passez au bureau", "level": "warning"}))
            .status,
        204
    );
    admin.post("/api/admin/announce", &json!({"text": "À tous"}));
    let message = awa.event("system_message");
    assert_eq!(
        (&message["level"], &message["text"]),
        (&json!("warning"), &json!("Passez au bureau"))
    );
    assert_eq!(moussa.event("system_message")["text"], "À tous");
    admin
        .post(&path, &json!({"text": " "}))
        .problem(400, "invalid_request");
    let nobody = "/api/admin/sessions/00000000-0000-0000-0000-000000000000/message";
    admin
        .post(nobody, &json!({"text": "x"}))
        .problem(404, "not_found");
}

#[test]
fn a_login_is_revoked_with_its_sockets() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let admin = hub.as_user("admin");
    let users = admin.get("/api/admin/users").ok();
    let id = users["users"]
        .as_array()
        .unwrap()
        .iter()
        .find(|u| u["username"] == "awa")
        .unwrap()["id"]
        .clone();
    let logins = admin.get(&format!("/api/admin/users/{id}/logins")).ok();
    let sid = logins["sessions"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(logins["sessions"][0]["current"], false);
    assert_eq!(admin.delete(&format!("/api/admin/logins/{sid}")).status, 204);
    assert_eq!(awa.closed().0, 4403);
    admin
        .delete(&format!("/api/admin/logins/{sid}"))
        .problem(404, "not_found");
    admin
        .get("/api/admin/users/99999/logins")
        .problem(404, "not_found");
}

#[test]
fn a_reset_password_may_have_to_be_changed() {
    let hub = Hub::start();
    let admin = hub.as_user("admin");
    let made = admin.post(
        "/api/admin/users",
        &json!({"username": "zoe", "role": "caisse", "password": "une phrase longue"}),
    );
    let path = format!("/api/admin/users/{}", made.ok()["id"]);
    admin
        .patch(
            &path,
            &json!({"password": "une autre phrase", "must_change_password": true}),
        )
        .ok();
    let grant = hub.login_with("zoe", "une autre phrase");
    assert_eq!(grant["password_change_required"], true);
}

#[test]
fn the_audit_is_searched_by_text_and_outcome() {
    let hub = Hub::start();
    hub.try_login("awa", "faux");
    hub.try_login("personne_100%", "faux");
    let admin = hub.as_user("admin");
    let found = |query: &str| -> Vec<Value> {
        admin.get(&format!("/api/admin/audit?{query}")).ok()["entries"]
            .as_array()
            .unwrap()
            .clone()
    };
    let refused = found("outcome=invalid_credentials");
    assert_eq!(refused.len(), 2);
    assert!(
        refused
            .iter()
            .all(|entry| entry["outcome"] == "invalid_credentials")
    );
    assert_eq!(found("text=PERSONNE_100%25").len(), 1);
    assert_eq!(found("text=personneX100").len(), 0, "_ is no wildcard");
    assert_eq!(found("action=login_failed&user=awa").len(), 1);
}

#[test]
fn the_audit_is_exported_whole_and_without_formulas() {
    let hub = Hub::start();
    hub.try_login("=HYPERLINK(\"x\")", "faux");
    let admin = hub.as_user("admin");
    let csv = admin.get("/api/admin/audit/export?action=login_failed");
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-type").unwrap().starts_with("text/csv"));
    assert!(csv.header("content-disposition").unwrap().contains("audit.csv"));
    assert!(csv.text.contains("\"'=HYPERLINK(\"\"x\"\")\""), "{}", csv.text);
    let json = admin.get("/api/admin/audit/export?format=json").ok();
    let entries = json.as_array().unwrap();
    let listed = admin.get("/api/admin/audit?limit=1000").ok();
    assert_eq!(entries.len(), listed["entries"].as_array().unwrap().len());
    assert!(entries.iter().any(|entry| entry["subject"] == "audit export"));
    let none = admin
        .get("/api/admin/audit/export?format=json&user=personne")
        .ok();
    assert_eq!(none, json!([]));
    admin
        .get("/api/admin/audit/export?format=xml")
        .problem(400, "invalid_request");
}

#[test]
fn backups_are_listed_with_what_they_say_of_themselves() {
    let hub = Hub::start();
    let admin = hub.as_user("admin");
    let before = admin.get("/api/admin/backup").ok();
    assert_eq!((&before["backups"], &before["every_s"]), (&json!([]), &json!(0)));
    let made = admin.post("/api/admin/backup", &json!({})).ok();
    let dir = before["dir"].as_str().unwrap();
    assert_eq!(before["data"], hub.data_dir().to_str().unwrap());
    std::fs::write(format!("{dir}/broken.tar"), "not a backup").unwrap();
    let listed = admin.get("/api/admin/backup").ok();
    let backups = listed["backups"].as_array().unwrap();
    assert_eq!(backups.len(), 2);
    let good = backups.iter().find(|b| b["file"] == made["file"]).unwrap();
    assert_eq!(
        (&good["kind"], &good["commit"], &good["bytes"]),
        (&json!("requested"), &made["commit"], &made["bytes"])
    );
    let broken = backups.iter().find(|b| b["file"] == "broken.tar").unwrap();
    assert_eq!(broken["commit"], Value::Null);
}

#[test]
fn the_pack_is_shown_with_its_roles_and_functions() {
    let hub = Hub::start();
    let pack = hub.as_user("admin").get("/api/admin/pack").ok();
    assert_eq!(pack["name"], "boutique");
    let sell = pack["functions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "sell")
        .unwrap();
    assert_eq!(sell["cardinality"], "one");
    assert!(sell["statements"].as_array().unwrap().len() > 1);
    let roles = pack["roles"].as_array().unwrap();
    assert!(
        roles
            .iter()
            .any(|r| r["name"] == "vendeur" && r["admin"] == false)
    );
    let none = Hub::with().no_app().no_demo().start();
    none.add_user("chef", "administrator", "une phrase longue");
    let token = none.login_with("chef", "une phrase longue")["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let pack = crate::support::Client::new(&none.url(""), Some(token))
        .get("/api/admin/pack")
        .ok();
    assert_eq!(pack["name"], Value::Null);
    assert_eq!(pack["roles"][0]["name"], "administrator");
}

#[test]
fn the_network_is_shown_with_codes_for_phones() {
    let hub = Hub::start();
    let network = hub.as_user("admin").get("/api/admin/network").ok();
    assert_eq!(network["ports"]["http"], hub.addr().port());
    assert_eq!(network["certificate_fingerprint"], Value::Null);
    let address = &network["addresses"][0];
    assert_eq!(address["loopback"], true);
    assert_eq!(address["url"], hub.url("/"));
    assert_eq!(address["qr"], Value::Null, "nobody else can open loopback");
}

#[test]
fn the_rooms_are_shown_without_what_was_written() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let made = awa
        .request(json!({"type": "create_room", "name": "Inventaire", "members": []}))
        .unwrap();
    awa.request(json!({
        "type": "send_message", "room": made["room"]["id"], "kind": "text", "content": "valeur-secrete",
        "client_id": "11111111-1111-4111-8111-111111111111"
    }))
    .unwrap();
    let reply = hub.as_user("admin").get("/api/admin/rooms");
    assert!(!reply.text.contains("valeur-secrete"));
    let rooms = reply.ok();
    let first = &rooms["rooms"][0];
    assert_eq!(
        (
            &first["name"],
            &first["kind"],
            &first["member_count"],
            &first["messages"]
        ),
        (&json!("Inventaire"), &json!("group"), &json!(1), &json!(1))
    );
    assert!(first["last_message_at"].is_string());
    let all = rooms["rooms"].as_array().unwrap();
    let everyone = all.iter().find(|room| room["kind"] == "everyone").unwrap();
    assert!(everyone["member_count"].as_u64().unwrap() > 1);
}
