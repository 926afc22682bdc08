//! Who may come in, from where, and for how long.

use std::{net::IpAddr, time::Duration};

use serde_json::{Value, json};

use crate::support::{Client, Hub, Reply, Socket, eventually, raw, within};

const LONG: &str = "une phrase assez longue";

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn refresh(hub: &Hub, token: &Value) -> Reply {
    hub.client()
        .post("/api/auth/refresh", &json!({"refresh_token": token}))
}

fn with_token(hub: &Hub, token: &Value) -> Client {
    Client::new(&hub.url(""), Some(text(token).to_owned()))
}

/// A hub on which `login_from` holds and nobody has an account yet but those named.
fn strict(users: &[(&str, &str)]) -> Hub {
    let hub = Hub::with().no_demo().start();
    for (name, role) in users {
        hub.add_user(name, role, LONG);
    }
    hub
}

fn login_from(hub: &Hub, from: &str, headers: &str, name: &str, password: &str) -> (u16, String) {
    let from: IpAddr = from.parse().unwrap();
    let body = json!({"username": name, "password": password});
    raw::post_from(hub.addr(), from, "/api/auth", headers, &body)
}

#[test]
fn a_login_answers_in_the_shape_of_the_contract() {
    let hub = Hub::start();
    let grant = hub.login("awa");
    assert_eq!(grant["token_type"], "Bearer");
    assert_eq!(grant["expires_in"], 900);
    assert!(!text(&grant["refresh_token"]).is_empty());
    let user = grant["user"].as_object().unwrap();
    for member in ["id", "username", "display_name", "role", "lang"] {
        assert!(user.contains_key(member), "{member}");
    }
    assert_eq!(
        (&user["username"], &user["role"]),
        (&json!("awa"), &json!("vendeur"))
    );
    let parts: Vec<&str> = text(&grant["token"]).split('.').collect();
    assert_eq!(parts.len(), 3);
    let part = |n: usize| -> Value {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(parts[n])
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    assert_eq!(part(0)["alg"], "HS256");
    for claim in ["sub", "sid", "role", "iat", "exp", "jti"] {
        assert!(!part(1)[claim].is_null(), "{claim}");
    }
    assert_eq!(
        part(1)["exp"].as_i64().unwrap() - part(1)["iat"].as_i64().unwrap(),
        900
    );
}

#[test]
fn unknown_user_and_wrong_password_are_answered_alike() {
    let hub = Hub::start();
    let strip = |reply: Reply| {
        let mut problem = reply.problem(401, "invalid_credentials");
        problem.as_object_mut().unwrap().remove("request_id");
        problem
    };
    assert_eq!(
        strip(hub.try_login("awa", "faux")),
        strip(hub.try_login("personne", "faux"))
    );
}

#[test]
fn a_malformed_login_is_an_invalid_request() {
    let hub = Hub::start();
    for body in [
        json!({}),
        json!({"username": "awa"}),
        json!({"username": 1, "password": "x"}),
        json!([]),
    ] {
        hub.client()
            .post("/api/auth", &body)
            .problem(400, "invalid_request");
    }
    hub.client()
        .post_text("/api/auth", "{")
        .problem(400, "invalid_request");
}

#[test]
fn refresh_rotates_and_a_lost_answer_is_forgiven() {
    let hub = Hub::start();
    let first = hub.login("awa");
    let second = refresh(&hub, &first["refresh_token"]).ok();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["user"], first["user"]);
    assert_eq!(with_token(&hub, &second["token"]).get("/api/me").status, 200);
    // The answer was lost: the old one is good once more, within thirty seconds.
    let third = refresh(&hub, &first["refresh_token"]).ok();
    assert!(refresh(&hub, &third["refresh_token"]).status == 200);
}

#[test]
fn an_old_refresh_token_repeated_later_ends_the_whole_family() {
    let mut hub = Hub::start();
    let first = hub.login("awa");
    let second = refresh(&hub, &first["refresh_token"]).ok();
    let third = refresh(&hub, &second["refresh_token"]).ok();
    // A minute passes: its first use is moved back rather than waited for.
    hub.stop();
    let db = rusqlite::Connection::open(hub.data_dir().join("hub.db")).unwrap();
    let moved = "UPDATE refresh_tokens SET first_used_at_ms = first_used_at_ms - 60000 WHERE first_used_at_ms IS NOT NULL";
    assert_eq!(db.execute(moved, []).unwrap(), 2);
    drop(db);
    hub.restart();
    let mut socket = hub.socket_with_token(text(&third["token"]), "");
    refresh(&hub, &first["refresh_token"]).problem(401, "unauthorized");
    assert_eq!(socket.closed_within(Duration::from_secs(2)).0, 4401);
    refresh(&hub, &third["refresh_token"]).problem(401, "unauthorized");
    with_token(&hub, &third["token"])
        .get("/api/me")
        .problem(401, "unauthorized");
}

#[test]
fn a_refresh_token_that_is_none_is_unauthorized() {
    let hub = Hub::start();
    for token in ["", "x", "aaaa.bbbb.cccc"] {
        refresh(&hub, &json!(token)).problem(401, "unauthorized");
    }
    refresh(&hub, &json!(5)).problem(400, "invalid_request");
}

#[test]
fn refresh_tokens_outlive_a_restart() {
    let mut hub = Hub::start();
    let grant = hub.login("awa");
    hub.kill();
    hub.restart();
    assert_eq!(with_token(&hub, &grant["token"]).get("/api/me").status, 200);
    refresh(&hub, &grant["refresh_token"]).ok();
}

#[test]
fn a_logout_ends_the_token_the_refresh_token_and_the_socket() {
    let hub = Hub::start();
    let grant = hub.login("awa");
    let mut socket = hub.socket_with_token(text(&grant["token"]), "");
    let mut other = hub.socket("awa");
    let me = with_token(&hub, &grant["token"]);
    let out = me.post("/api/auth/logout", &json!({}));
    assert!((200..300).contains(&out.status), "{}", out.text);
    assert_eq!(socket.closed_within(Duration::from_secs(2)).0, 4401);
    me.get("/api/me").problem(401, "unauthorized");
    refresh(&hub, &grant["refresh_token"]).problem(401, "unauthorized");
    other.ping();
}

#[test]
fn me_tells_what_the_role_may_do() {
    let hub = Hub::start();
    let me = hub.as_user("awa").get("/api/me").ok();
    assert_eq!(me["user"]["username"], "awa");
    let said = me.to_string();
    for visible in ["produits", "ventes", "sell", "produit_id", "caro"] {
        assert!(said.contains(visible), "{visible}: {said}");
    }
    for hidden in ["prix_achat", "secrets", "margin", "moussa"] {
        assert!(!said.contains(hidden), "{hidden}: {said}");
    }
}

#[test]
fn a_change_of_role_closes_the_sockets_and_holds_at_once() {
    let hub = Hub::start();
    let grant = hub.login("awa");
    let mut socket = hub.socket_with_token(text(&grant["token"]), "");
    hub.cli(&["user", "role", "awa", "caisse"]).succeeded();
    assert_eq!(socket.closed_within(Duration::from_secs(2)).0, 4401);
    let again = hub.login("awa");
    assert_eq!(again["user"]["role"], "caisse");
    let mut socket = hub.socket_with_token(text(&again["token"]), "");
    assert_eq!(
        socket.value("SELECT prix_achat FROM produits WHERE id = 1", json!([])),
        2801
    );
}

#[test]
fn a_user_disabled_on_the_command_line_is_out_within_a_second_and_comes_back_when_enabled() {
    let hub = Hub::start();
    let grant = hub.login("awa");
    let mut socket = hub.socket_with_token(text(&grant["token"]), "");
    hub.cli(&["user", "disable", "awa"]).succeeded();
    assert_eq!(socket.closed_within(Duration::from_millis(1500)).0, 4401);
    with_token(&hub, &grant["token"])
        .get("/api/me")
        .problem(401, "unauthorized");
    refresh(&hub, &grant["refresh_token"]).problem(401, "unauthorized");
    hub.try_login("awa", "demo").problem(401, "invalid_credentials");
    hub.cli(&["user", "enable", "awa"]).succeeded();
    eventually("awa may log in again", || {
        (hub.try_login("awa", "demo").status == 200).then_some(())
    });
}

#[test]
fn an_administrator_disables_a_user_over_http() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    let id = socket.welcome["user"]["id"].clone();
    let admin = hub.as_user("admin");
    admin
        .patch(&format!("/api/admin/users/{id}"), &json!({"active": false}))
        .ok();
    assert_eq!(socket.closed_within(Duration::from_secs(2)).0, 4401);
}

#[test]
fn a_new_password_ends_the_other_logins_and_not_this_one() {
    let hub = Hub::start();
    let (here, there) = (hub.login("awa"), hub.login("awa"));
    let mut socket_here = hub.socket_with_token(text(&here["token"]), "");
    let mut socket_there = hub.socket_with_token(text(&there["token"]), "");
    let me = with_token(&hub, &here["token"]);
    let change =
        |current: &str, new: &str| me.post("/api/me/password", &json!({"current": current, "new": new}));
    change("faux", LONG).problem(401, "invalid_credentials");
    let done = change("demo", LONG);
    assert!((200..300).contains(&done.status), "{}", done.text);
    assert_eq!(socket_there.closed_within(Duration::from_secs(2)).0, 4401);
    socket_here.ping();
    hub.try_login("awa", "demo").problem(401, "invalid_credentials");
    hub.login_with("awa", LONG);
}

#[test]
fn a_new_password_has_8_to_72_bytes_and_none_is_cut() {
    let hub = Hub::start();
    let me = hub.as_user("awa");
    let change =
        |current: &str, new: &str| me.post("/api/me/password", &json!({"current": current, "new": new}));
    for bad in ["court12".to_owned(), "x".repeat(73), "é".repeat(37)] {
        change("demo", &bad).problem(400, "invalid_request");
    }
    let whole = "x".repeat(72);
    assert!(change("demo", &whole).status < 300);
    hub.login_with("awa", &whole);
    hub.try_login("awa", &format!("{whole}y"))
        .problem(401, "invalid_credentials");
    hub.try_login("awa", &"x".repeat(100_000))
        .problem(401, "invalid_credentials");
}

#[test]
fn a_user_sees_and_ends_his_own_other_logins_only() {
    let hub = Hub::start();
    let (here, there, other) = (hub.login("awa"), hub.login("awa"), hub.login("binta"));
    let mut socket_there = hub.socket_with_token(text(&there["token"]), "");
    let me = with_token(&hub, &here["token"]);
    let list = |client: &Client| {
        let body = client.get("/api/me/sessions").ok();
        body.as_array()
            .or_else(|| body["sessions"].as_array())
            .unwrap()
            .clone()
    };
    let mine = list(&me);
    assert_eq!(mine.len(), 2);
    let theirs = list(&with_token(&hub, &other["token"]));
    me.delete(&format!("/api/me/sessions/{}", text(&theirs[0]["id"])))
        .problem(404, "not_found");
    let away = mine.iter().find(|s| s["current"] == false).unwrap();
    assert_eq!(
        me.delete(&format!("/api/me/sessions/{}", text(&away["id"])))
            .status
            / 100,
        2
    );
    assert_eq!(socket_there.closed_within(Duration::from_secs(2)).0, 4401);
    me.get("/api/me").ok();
}

#[test]
fn five_failed_logins_are_free_and_then_they_are_slowed() {
    let hub = Hub::start();
    for _ in 0..5 {
        hub.try_login("awa", "faux").problem(401, "invalid_credentials");
    }
    let slowed = (0..3)
        .map(|_| hub.try_login("awa", "faux"))
        .find(|reply| reply.status == 429);
    let reply = slowed.expect("the sixth to eighth failure in a row meets the brake");
    let problem = reply.problem(429, "rate_limited");
    assert!(problem["retry_after_ms"].as_u64().unwrap() > 0);
    assert!(reply.header("retry-after").is_some());
}

#[test]
fn failures_from_another_address_do_not_keep_a_user_out_of_his_terminal() {
    let hub = Hub::start();
    hub.login("awa");
    for _ in 0..15 {
        login_from(&hub, "127.0.0.9", "", "awa", "faux");
    }
    hub.login("awa");
}

#[test]
fn roles_log_in_only_from_where_they_may() {
    let hub = strict(&[
        ("chef", "administrateur"),
        ("vera", "vendeur"),
        ("carl", "caisse"),
    ]);
    // Loopback is the server.
    assert_eq!(hub.try_login("chef", LONG).status, 200);
    assert_eq!(hub.try_login("carl", LONG).status, 200);
    hub.try_login("vera", LONG).problem(403, "login_not_allowed_here");
    hub.try_login("vera", "faux").problem(401, "invalid_credentials");
}

#[test]
fn a_registered_terminal_counts_as_a_client_even_on_the_hubs_machine() {
    let hub = strict(&[("vera", "vendeur")]);
    assert_eq!(login_from(&hub, "127.0.0.2", "", "vera", LONG).0, 403);
    hub.cli(&["terminal", "add", "guichet", "--address", "127.0.0.2"])
        .succeeded();
    eventually("the terminal is known", || {
        (login_from(&hub, "127.0.0.2", "", "vera", LONG).0 == 200).then_some(())
    });
    hub.try_login("vera", LONG).problem(403, "login_not_allowed_here");
    hub.cli(&["terminal", "remove", "guichet"]).succeeded();
    eventually("the terminal is forgotten", || {
        (login_from(&hub, "127.0.0.2", "", "vera", LONG).0 == 403).then_some(())
    });
}

#[test]
fn a_forwarded_address_is_believed_from_trusted_proxies_only() {
    let forwarded = "X-Forwarded-For: 192.0.2.7\r\n";
    let hub = strict(&[("chef", "administrateur"), ("vera", "vendeur")]);
    assert_eq!(login_from(&hub, "127.0.0.1", forwarded, "vera", LONG).0, 403);
    assert_eq!(login_from(&hub, "127.0.0.1", forwarded, "chef", LONG).0, 200);

    let mut hub = hub;
    hub.stop();
    hub.restart_with(|setup| setup.env("SERVER__TRUSTED_PROXIES", "127.0.0.1"));
    assert_eq!(login_from(&hub, "127.0.0.1", forwarded, "vera", LONG).0, 200);
    assert_eq!(login_from(&hub, "127.0.0.1", forwarded, "chef", LONG).0, 403);
    assert_eq!(login_from(&hub, "127.0.0.2", forwarded, "vera", LONG).0, 403);
}

#[test]
fn the_place_is_checked_at_refresh_and_upgrade_too() {
    let hub = strict(&[("vera", "vendeur")]);
    hub.cli(&["terminal", "add", "guichet", "--address", "127.0.0.2"])
        .succeeded();
    let grant = eventually("the terminal is known", || {
        let (status, answer) = login_from(&hub, "127.0.0.2", "", "vera", LONG);
        (status == 200)
            .then(|| serde_json::from_str::<Value>(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap())
    });
    refresh(&hub, &grant["refresh_token"]).problem(403, "login_not_allowed_here");
    match Socket::try_open(hub.addr(), text(&grant["token"]), "") {
        Err(crate::support::socket::NotOpened::Http(status, body)) => {
            assert_eq!(status, 403);
            assert!(body.contains("login_not_allowed_here"), "{body}");
        }
        _ => panic!("a socket from the wrong place"),
    }
}

#[test]
fn login_from_can_be_lifted_for_trials_and_the_log_says_so() {
    let hub = Hub::with()
        .no_demo()
        .env("AUTH__LOGIN_FROM_ANYWHERE", true)
        .start();
    hub.add_user("vera", "vendeur", LONG);
    hub.login_with("vera", LONG);
    assert!(hub.log().contains("login_from"), "{}", hub.log());
}

#[test]
fn the_first_administrator_must_change_the_printed_password_before_anything_else() {
    let hub = Hub::with().no_demo().start();
    let (name, password) = eventually("the console tells the first administrator", || {
        printed_login(&hub.log())
    });
    let grant = hub.login_with(&name, &password);
    let me = with_token(&hub, &grant["token"]);
    me.post("/api/query", &json!({"query": "SELECT 1", "params": []}))
        .problem(403, "password_change_required");
    let done = me.post("/api/me/password", &json!({"current": password, "new": LONG}));
    assert!(done.status < 300, "{}", done.text);
    let grant = hub.login_with(&name, LONG);
    with_token(&hub, &grant["token"])
        .post("/api/query", &json!({"query": "SELECT 1", "params": []}))
        .ok();
}

/// The line of the banner that begins with a user and ends with `password: …`.
fn printed_login(log: &str) -> Option<(String, String)> {
    let line = log.lines().find(|line| line.contains("password: "))?;
    let user = line.split_whitespace().next()?;
    let password = line.split("password: ").nth(1)?.trim();
    Some((user.to_owned(), password.to_owned()))
}

#[test]
fn an_expired_token_is_unauthorized() {
    let hub = Hub::with().env("AUTH__TOKEN_TTL_S", 1).start();
    let me = hub.as_user("awa");
    within(Duration::from_secs(5), "the token expires", || {
        (me.get("/api/me").status == 401).then_some(())
    });
    me.get("/api/me").problem(401, "unauthorized");
}

#[test]
fn tokens_of_another_hub_or_tampered_with_are_unauthorized() {
    let hub = Hub::start();
    let foreign = Hub::start().token("awa");
    let own = hub.token("awa");
    let mut parts: Vec<&str> = own.split('.').collect();
    parts[2] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let tampered = parts.join(".");
    // {"alg":"none"}
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", own.split('.').nth(1).unwrap());
    for token in [foreign, tampered, unsigned, "x".into(), String::new()] {
        with_token(&hub, &json!(token))
            .get("/api/me")
            .problem(401, "unauthorized");
    }
    hub.client().get("/api/me").problem(401, "unauthorized");
}

#[test]
fn no_password_and_no_token_is_in_the_log() {
    let hub = Hub::with().env("LOG__LEVEL", "trace").start();
    hub.try_login("awa", "un-mot-de-passe-faux");
    let grant = hub.login("awa");
    let mut socket = hub.socket_with_token(text(&grant["token"]), "");
    socket.query("SELECT ?", json!(["valeur-de-parametre"])).unwrap();
    refresh(&hub, &grant["refresh_token"]).ok();
    let log = hub.log();
    for hidden in [
        "un-mot-de-passe-faux",
        "valeur-de-parametre",
        text(&grant["token"]),
        text(&grant["refresh_token"]),
    ] {
        assert!(!log.contains(hidden), "{hidden}");
    }
}

#[cfg(unix)]
#[test]
fn the_signing_secret_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let hub = Hub::start();
    let mut secrets = 0;
    for entry in std::fs::read_dir(hub.data_dir()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.contains("secret") || name.contains("jwt") || name.contains("key") {
            secrets += 1;
            assert_eq!(
                entry.metadata().unwrap().permissions().mode() & 0o777,
                0o600,
                "{name}"
            );
        }
    }
    assert!(secrets > 0, "the secret is a file in the data directory");
}
