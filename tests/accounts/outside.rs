//! What another process does to `hub.db`, as the command line does beside a running server.

use comptoir::{
    hub::accounts::{
        UserPatch,
        acts::{self, By},
        ensure_administrator,
    },
    store::hub::{HubStore, users},
};

use crate::support::{COST, House, PASSWORD, add_user, roles};

fn change(store: &HubStore, name: &str, patch: &UserPatch, hash: Option<&str>) {
    store
        .write(|conn| {
            let id = users::by_name(conn, name)?.unwrap().id;
            acts::update_user(conn, &By::console(), &roles(), id, patch, hash)
        })
        .unwrap();
}

#[actix::test]
async fn a_user_disabled_from_outside_is_out_within_a_second() {
    let mut house = House::build();
    let (grant, who) = house.login("awa").await;
    let outside = HubStore::open(&house.hub_db()).unwrap();
    let disabled = UserPatch {
        active: Some(false),
        ..UserPatch::default()
    };
    change(&outside, "awa", &disabled, None);
    let begun = std::time::Instant::now();
    assert_eq!(house.next_revoked().await.sids, [who.sid]);
    assert!(begun.elapsed() < std::time::Duration::from_secs(1));
    assert!(!house.is_in(&grant));
}

#[actix::test]
async fn a_new_role_password_or_removal_from_outside_closes_the_sockets() {
    let mut house = House::build();
    let outside = HubStore::open(&house.hub_db()).unwrap();

    let (_, who) = house.login("awa").await;
    let role = UserPatch {
        role: Some("caisse".into()),
        ..UserPatch::default()
    };
    change(&outside, "awa", &role, None);
    assert_eq!(house.next_revoked().await.sids, [who.sid]);
    assert_eq!(&*house.accounts.current(who.sid).unwrap().role.name, "caisse");

    let hash = comptoir::auth::password::hash("another password", COST).unwrap();
    change(&outside, "awa", &UserPatch::default(), Some(&hash));
    assert_eq!(house.next_revoked().await.sids, [who.sid]);
    assert!(house.accounts.current(who.sid).is_none());

    let (_, caisse) = house.login("caisse").await;
    outside
        .write(|conn| acts::remove_user(conn, &By::console(), &roles(), caisse.user_id))
        .unwrap();
    assert_eq!(house.next_revoked().await.sids, [caisse.sid]);
    assert!(
        !house
            .mirrored
            .lock()
            .unwrap()
            .iter()
            .any(|user| user.username == "caisse")
    );
}

#[actix::test]
async fn a_change_from_outside_is_not_lost_under_one_of_our_own() {
    let house = House::build();
    let outside = HubStore::open(&house.hub_db()).unwrap();
    for n in 0..20 {
        let name = format!("u{n}");
        add_user(&outside, &name, "vendeur");
        // Our own change comes first to the file's end; the directory must show both.
        house.login("awa").await;
        assert!(
            house
                .accounts
                .users()
                .await
                .unwrap()
                .iter()
                .any(|user| user.username == name)
        );
    }
}

#[actix::test]
async fn users_and_terminals_added_from_outside_are_known() {
    let house = House::build();
    let outside = HubStore::open(&house.hub_db()).unwrap();
    add_user(&outside, "moussa", "vendeur");
    outside
        .write(|conn| {
            acts::add_terminal(
                conn,
                &By::console(),
                "dock",
                Some("::ffff:203.0.113.7".parse().unwrap()),
            )
        })
        .unwrap();
    house.accounts.poll_now().await.unwrap();
    assert!(
        house
            .try_login("moussa", PASSWORD, house.terminal())
            .await
            .is_ok()
    );
    assert!(house.at("203.0.113.7").is_terminal);
}

#[actix::test]
async fn the_first_start_makes_one_administrator_who_must_change_his_password() {
    let dir = tempfile::tempdir().unwrap();
    let store = HubStore::open_in(dir.path()).unwrap();
    let made = ensure_administrator(&store, &roles(), COST).unwrap().unwrap();
    assert_eq!(made.username, "admin");
    let user = store.read(|conn| users::by_name(conn, "admin")).unwrap().unwrap();
    assert!(user.must_change_password && user.role == "chef");
    assert!(comptoir::auth::password::verify(
        &made.password,
        &user.password_hash
    ));
    assert!(ensure_administrator(&store, &roles(), COST).unwrap().is_none());
}

#[actix::test]
async fn a_database_of_a_newer_version_is_refused() {
    let house = House::build();
    house
        .sqlite()
        .execute(
            "INSERT INTO __diesel_schema_migrations(version) VALUES ('29991231000000')",
            [],
        )
        .unwrap();
    let error = HubStore::open(&house.hub_db()).err().unwrap();
    assert!(error.to_string().contains("newer version"), "{error}");
}
