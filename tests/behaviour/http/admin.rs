//! What administrators see and do, and metrics.

use serde_json::{Value, json};

use crate::support::{Client, Hub, Reply, eventually};

#[test]
fn metrics_are_for_administrators_and_the_scrape_token() {
    let hub = Hub::with()
        .env("METRICS__SCRAPE_TOKEN", "jeton-de-mesure")
        .start();
    hub.as_user("awa").get("/api/metrics").problem(403, "forbidden");
    hub.as_user("awa").get("/metrics").problem(403, "forbidden");
    let admin = hub.as_user("admin");
    assert!(admin.get("/api/metrics").ok().is_object());
    let text = admin.get("/metrics");
    assert_eq!(text.status, 200);
    assert!(text.header("content-type").unwrap().starts_with("text/plain"));
    assert!(
        text.text.lines().any(|l| l.starts_with("# TYPE comptoir_")),
        "{}",
        text.text
    );
    let scraper = Client::new(&hub.url(""), Some("jeton-de-mesure".into()));
    assert_eq!(scraper.get("/metrics").status, 200);
    scraper.get("/api/admin/users").problem(401, "unauthorized");
}

#[test]
fn administration_is_for_administrators() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for path in ["sessions", "users", "terminals", "audit"] {
        awa.get(&format!("/api/admin/{path}")).problem(403, "forbidden");
    }
    awa.post("/api/admin/users", &json!({})).problem(403, "forbidden");
    awa.post("/api/admin/announce", &json!({"level": "info", "text": "x"}))
        .problem(403, "forbidden");
    awa.post("/api/admin/backup", &json!({}))
        .problem(403, "forbidden");
    awa.delete("/api/admin/sessions/00000000-0000-0000-0000-000000000000")
        .problem(403, "forbidden");
}

/// The items of a list, bare or under a name.
fn items(reply: &Reply) -> Vec<Value> {
    let body = reply.ok();
    body.as_array()
        .or_else(|| body.as_object()?.values().find_map(Value::as_array))
        .unwrap_or_else(|| panic!("a list: {body}"))
        .clone()
}

#[test]
fn an_administrator_sees_the_connected_sessions() {
    let hub = Hub::start();
    let awa = hub.socket("awa");
    let admin = hub.as_user("admin");
    let session = eventually("awa is listed", || {
        items(&admin.get("/api/admin/sessions"))
            .into_iter()
            .find(|s| s["username"] == "awa")
    });
    assert_eq!(session["id"], awa.session());
    assert!(session["sid"].is_string() && session["address"].as_str().unwrap().contains("127.0.0.1"));
}

#[test]
fn an_administrator_makes_and_changes_users() {
    let hub = Hub::start();
    let admin = hub.as_user("admin");
    let made = admin.post(
        "/api/admin/users",
        &json!({"username": "zoe", "role": "caisse", "password": "une phrase longue"}),
    );
    assert_eq!(made.status / 100, 2, "{}", made.text);
    let zoe = items(&admin.get("/api/admin/users"))
        .into_iter()
        .find(|u| u["username"] == "zoe")
        .unwrap();
    assert_eq!((&zoe["role"], &zoe["active"]), (&json!("caisse"), &json!(true)));
    assert!(!zoe.to_string().contains("$2"), "no hash is shown");
    hub.login_with("zoe", "une phrase longue");
    admin
        .patch(
            &format!("/api/admin/users/{}", zoe["id"]),
            &json!({"role": "vendeur"}),
        )
        .ok();
    assert_eq!(
        hub.login_with("zoe", "une phrase longue")["user"]["role"],
        "vendeur"
    );
    for body in [
        json!({"username": "zoe", "role": "caisse", "password": "une phrase longue"}),
        json!({"username": "lea", "role": "inconnu", "password": "une phrase longue"}),
        json!({"username": "lea", "role": "caisse", "password": "court"}),
        json!({"username": "lea"}),
    ] {
        assert!(
            (400..500).contains(&admin.post("/api/admin/users", &body).status),
            "{body}"
        );
    }
    admin
        .patch("/api/admin/users/99999", &json!({"active": false}))
        .problem(404, "not_found");
}

#[test]
fn an_announcement_reaches_everybody() {
    let hub = Hub::start();
    let (mut awa, mut moussa) = (hub.socket("awa"), hub.socket("moussa"));
    let sent = hub.as_user("admin").post(
        "/api/admin/announce",
        &json!({"level": "info", "text": "Fermeture à 18 h"}),
    );
    assert_eq!(sent.status / 100, 2, "{}", sent.text);
    for socket in [&mut awa, &mut moussa] {
        let message = socket.event("system_message");
        assert_eq!(
            (&message["level"], &message["text"]),
            (&json!("info"), &json!("Fermeture à 18 h"))
        );
    }
}

#[test]
fn the_audit_shows_logins_writes_and_refusals_without_values() {
    let hub = Hub::start();
    hub.try_login("awa", "faux");
    let mut awa = hub.socket("awa");
    awa.query("INSERT INTO lignes VALUES (?)", json!(["valeur-secrete"]))
        .unwrap();
    let _ = awa.query("SELECT valeur FROM secrets", json!([]));
    awa.rpc("sell", json!([1])).unwrap();
    let admin = hub.as_user("admin");
    eventually("the audit has it all", || {
        let said = admin.get("/api/admin/audit?limit=200").ok().to_string();
        assert!(!said.contains("valeur-secrete") && !said.contains("faux"));
        [
            "INSERT INTO lignes",
            "sell",
            "forbidden",
            "invalid_credentials",
            "awa",
        ]
        .iter()
        .all(|wanted| said.contains(wanted))
        .then_some(())
    });
}

#[test]
fn an_administrator_takes_a_backup_over_http() {
    let hub = Hub::start();
    let reply = hub.as_user("admin").post("/api/admin/backup", &json!({}));
    assert_eq!(reply.status / 100, 2, "{}", reply.text);
}

#[test]
fn terminals_are_listed() {
    let hub = Hub::start();
    hub.cli(&["terminal", "add", "guichet", "--address", "192.0.2.9"])
        .succeeded();
    let admin = hub.as_user("admin");
    eventually("the terminal is listed", || {
        items(&admin.get("/api/admin/terminals"))
            .iter()
            .any(|t| t["name"] == "guichet")
            .then_some(())
    });
}
