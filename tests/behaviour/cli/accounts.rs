//! Accounts and terminals beside a running hub.

use serde_json::json;

use tempfile::TempDir;

use crate::support::{Hub, cli};

#[test]
fn users_are_added_listed_and_changed_beside_a_running_hub() {
    let hub = Hub::start();
    hub.cli_with_input(
        &[
            "user",
            "add",
            "zoe",
            "--role",
            "caisse",
            "--display-name",
            "Zoé",
            "--password-stdin",
        ],
        "une phrase longue\n",
    )
    .succeeded();
    assert_eq!(
        hub.login_with("zoe", "une phrase longue")["user"]["display_name"],
        "Zoé"
    );
    let list = hub.cli(&["user", "list", "--json"]).succeeded().json();
    let zoe = list
        .as_array()
        .unwrap()
        .iter()
        .find(|u| u["username"] == "zoe")
        .unwrap()
        .clone();
    assert_eq!((&zoe["role"], &zoe["active"]), (&json!("caisse"), &json!(true)));
    let mut socket = hub.socket_with_token(
        hub.login_with("zoe", "une phrase longue")["token"]
            .as_str()
            .unwrap(),
        "",
    );
    hub.cli_with_input(
        &["user", "passwd", "zoe", "--password-stdin"],
        "une autre phrase\n",
    )
    .succeeded();
    assert_eq!(socket.closed().0, 4401);
    hub.login_with("zoe", "une autre phrase");
    hub.cli(&["user", "remove", "zoe"]).succeeded();
    hub.try_login("zoe", "une autre phrase")
        .problem(401, "invalid_credentials");
}

#[test]
fn what_cannot_be_done_with_a_user_fails_with_1() {
    let hub = Hub::start();
    let add = |name: &str, role: &str, password: &str| {
        hub.cli_with_input(
            &["user", "add", name, "--role", role, "--password-stdin"],
            password,
        )
    };
    add("awa", "caisse", "une phrase longue").failed_with(1);
    let said = add("zoe", "inconnu", "une phrase longue").failed_with(1).said();
    assert!(
        said.contains("inconnu") && said.contains("caisse"),
        "the roles there are: {said}"
    );
    add("zoe", "caisse", "court").failed_with(1);
    for args in [
        &["user", "disable", "personne"][..],
        &["user", "role", "awa", "inconnu"],
        &["user", "remove", "personne"],
    ] {
        hub.cli(args).failed_with(1);
    }
}

#[test]
fn terminals_are_added_listed_and_removed() {
    let hub = Hub::start();
    hub.cli(&["terminal", "add", "guichet", "--here"]).succeeded();
    hub.cli(&["terminal", "add", "stock", "--address", "192.0.2.4"])
        .succeeded();
    let list = hub.cli(&["terminal", "list", "--json"]).succeeded().json();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].clone())
        .collect();
    assert!(names.contains(&json!("guichet")) && names.contains(&json!("stock")));
    hub.cli(&["terminal", "add", "faux", "--address", "pas-une-adresse"])
        .failed_with(2);
    hub.cli(&["terminal", "remove", "stock"]).succeeded();
    hub.cli(&["terminal", "remove", "stock"]).failed_with(1);
}

#[test]
fn accounts_may_be_made_before_the_first_start_with_the_roles_of_the_app_to_come() {
    let home = tempfile::TempDir::new().unwrap();
    let data = home.path().join("data");
    let here = data.to_str().unwrap();
    let environment = [("COMPTOIR_AUTH__BCRYPT_COST".to_owned(), "4".to_owned())];
    let words = [
        "user",
        "add",
        "zoe",
        "--role",
        "caisse",
        "--password-stdin",
        "--json",
        "--data",
        here,
    ];
    let made = crate::support::cli::run(&words, "une phrase longue\n", &environment).succeeded();
    let made: serde_json::Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(
        (&made["username"], &made["role"]),
        (&json!("zoe"), &json!("caisse"))
    );
    crate::support::cli::run(&["terminal", "add", "T1", "--here", "--data", here], "", &[]).succeeded();
    let hub = Hub::with()
        .no_demo()
        .env("AUTH__LOGIN_FROM_ANYWHERE", true)
        .data(&data)
        .start();
    assert_eq!(
        hub.login_with("zoe", "une phrase longue")["user"]["role"],
        "caisse"
    );
}

#[test]
fn a_mistyped_data_directory_is_not_made_by_looking_into_it() {
    let parent = TempDir::new().unwrap();
    let data = parent.path().join("dtaa");
    let data = data.to_str().unwrap();
    for command in [
        &["user", "list"][..],
        &["user", "disable", "zoe"],
        &["terminal", "list"],
        &["terminal", "remove", "caisse"],
    ] {
        let args = [command, &["--data", data]].concat();
        assert!(
            cli::run(&args, "", &[])
                .failed_with(1)
                .said()
                .contains("no data directory")
        );
    }
    assert!(!parent.path().join("dtaa").exists());
}
