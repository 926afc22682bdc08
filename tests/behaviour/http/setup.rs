//! The set-up page's routes: from the hub's own machine, once, before anybody logged in.

use serde_json::{Value, json};

use crate::support::{Client, Hub, Reply, eventually};

fn fresh() -> Hub {
    Hub::with().no_app().no_demo().start()
}

/// What `GET /api/setup` says.
fn offer(hub: &Hub) -> Value {
    hub.client().get("/api/setup").ok()
}

fn choice(hub: &Hub) -> Value {
    json!({
        "key": offer(hub)["key"],
        "username": "fatou",
        "display_name": "Fatou D.",
        "password": "une phrase longue",
        "lang": "fr"
    })
}

fn with(mut choice: Value, name: &str, value: Value) -> Value {
    choice[name] = value;
    choice
}

/// As a browser on the hub's own pages sends it.
fn page(hub: &Hub) -> Client {
    let origin = format!("http://{}", hub.addr());
    hub.client()
        .header("content-type", "application/json")
        .header("origin", &origin)
        .header("sec-fetch-site", "same-origin")
}

#[track_caller]
fn set_up(hub: &Hub, choice: &Value) -> Reply {
    page(hub).post("/api/setup", choice)
}

#[test]
fn the_first_administrator_is_set_up_from_the_page_and_then_the_door_is_closed() {
    let hub = fresh();
    let seen = offer(&hub);
    assert_eq!(seen["open"], true);
    let names: Vec<&Value> = seen["packs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["name"])
        .collect();
    assert!(names.contains(&&json!("shop")), "{seen}");
    let choice = choice(&hub);
    let done = set_up(&hub, &choice);
    assert_eq!(done.status, 201, "{}", done.text);
    assert_eq!(
        done.json(),
        json!({"username": "fatou", "restarting": false}),
        "nothing but an account needs no new start"
    );
    let grant = hub.login_with("fatou", "une phrase longue");
    assert_eq!(grant["user"]["display_name"], "Fatou D.");
    assert_eq!(offer(&hub), json!({"open": false}));
    set_up(&hub, &choice).problem(409, "precondition_failed");
    // The account of the first start is gone, and what happened is in the audit.
    let admin = Client::new(&hub.url(""), grant["token"].as_str().map(str::to_owned));
    let users = admin.get("/api/admin/users").ok();
    assert_eq!(users["users"].as_array().unwrap().len(), 1);
    let audit = admin.get("/api/admin/audit?action=setup").ok();
    assert_eq!(audit["entries"][0]["subject"], "fatou");
    assert!(
        audit["entries"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("own machine")
    );
}

#[test]
fn a_chosen_pack_and_place_of_backups_are_there_after_the_new_start_and_every_other() {
    let mut hub = fresh();
    let place = hub.data_dir().parent().unwrap().join("sauvegardes");
    let choice = with(choice(&hub), "pack", json!("shop"));
    let choice = with(choice, "backup_dir", json!(place));
    let choice = with(choice, "backup_every_s", json!(86_400));
    let done = set_up(&hub, &choice);
    assert_eq!(done.ok()["restarting"], true);
    let grant = eventually("the hub is back with the pack", || {
        let body = json!({"username": "fatou", "password": "une phrase longue"});
        let reply = hub
            .client()
            .send("POST", "/api/auth", Some(body.to_string()))
            .ok()?;
        (reply.status == 200).then(|| reply.json())
    });
    assert_eq!(grant["user"]["role"], "administrateur");
    let admin = Client::new(&hub.url(""), grant["token"].as_str().map(str::to_owned));
    let backups = admin.get("/api/admin/backup").ok();
    assert_eq!(
        (&backups["dir"], &backups["every_s"]),
        (&json!(place), &json!(86_400))
    );
    admin
        .post("/api/query", &json!({"query": "SELECT * FROM produits"}))
        .ok();
    hub.stop();
    hub.restart();
    let grant = hub.login_with("fatou", "une phrase longue");
    assert_eq!(grant["user"]["role"], "administrateur");
}

#[test]
fn a_login_with_the_printed_password_closes_the_door() {
    let hub = fresh();
    let log = hub.log();
    assert!(log.contains("/setup"), "{log}");
    let password = log
        .lines()
        .find_map(|line| line.trim().strip_prefix("admin")?.rsplit(' ').next())
        .unwrap();
    let choice = choice(&hub);
    hub.login_with("admin", password);
    assert_eq!(offer(&hub), json!({"open": false}));
    set_up(&hub, &choice).problem(409, "precondition_failed");
}

#[test]
fn a_hub_with_accounts_or_a_demo_was_never_open() {
    assert_eq!(offer(&Hub::start()), json!({"open": false}));
    let hub = fresh();
    hub.add_user("chef", "administrator", "une phrase longue");
    eventually("the account of the command line counts", || {
        (offer(&hub) == json!({"open": false})).then_some(())
    });
}

#[test]
fn nobody_gets_in_from_elsewhere_whatever_he_pretends() {
    let hub = Hub::with()
        .no_app()
        .no_demo()
        .env("SERVER__ALLOWED_HOSTS", "hub.example")
        .env("SERVER__ALLOWED_ORIGINS", "https://app.example")
        .start();
    let choice = choice(&hub);
    for (name, value) in [
        // This machine speaks for another.
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
        ("via", "1.1 proxy"),
        // A name that the configuration allows is not this machine's own; a rebound one is nobody's.
        ("host", "hub.example"),
        ("host", "mal.example"),
        // A page that may call the API is not a page of ours.
        ("origin", "https://app.example"),
        ("origin", "http://mal.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let client = || {
            hub.client()
                .header("content-type", "application/json")
                .header(name, value)
        };
        let reply = client().post("/api/setup", &choice);
        assert_eq!(reply.status, 403, "{name}: {value}: {}", reply.text);
        let seen = client().get("/api/setup");
        assert!(!seen.text.contains("key"), "{name}: {value}: {}", seen.text);
    }
    assert_eq!(offer(&hub)["open"], true, "nothing of that closed it");
}

#[test]
fn a_trusted_proxy_on_this_machine_is_not_this_machine() {
    let hub = Hub::with()
        .no_app()
        .no_demo()
        .env("SERVER__TRUSTED_PROXIES", "127.0.0.1")
        .start();
    assert_eq!(offer(&hub), json!({"open": false}));
}

#[test]
fn what_is_wrong_with_a_choice_is_said_and_nothing_of_it_is_kept() {
    let hub = fresh();
    let good = choice(&hub);
    for (name, value) in [
        ("username", json!("deux mots")),
        ("username", json!("")),
        ("password", json!("court")),
        ("lang", json!("de")),
        ("pack", json!("inconnu")),
        ("backup_dir", json!("relatif/ici")),
        ("unknown", json!(1)),
    ] {
        set_up(&hub, &with(good.clone(), name, value)).problem(400, "invalid_request");
    }
    set_up(&hub, &with(good.clone(), "key", json!("geraten"))).problem(403, "forbidden");
    hub.client()
        .header("content-type", "text/plain")
        .post("/api/setup", &good)
        .problem(400, "invalid_request");
    assert_eq!(set_up(&hub, &good).status, 201);
}

#[test]
fn a_pack_that_was_named_is_not_the_pages_to_choose() {
    let hub = Hub::with().no_demo().start();
    let seen = offer(&hub);
    assert_eq!(
        (&seen["packs"], &seen["pack"]["name"]),
        (&json!([]), &json!("boutique"))
    );
    set_up(&hub, &with(choice(&hub), "pack", json!("shop"))).problem(400, "invalid_request");
    set_up(&hub, &choice(&hub)).ok();
    let grant = hub.login_with("fatou", "une phrase longue");
    assert_eq!(grant["user"]["role"], "administrateur");
}
