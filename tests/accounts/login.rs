use comptoir::{hub::accounts::NewUser, protocol::error::Code};

use crate::support::{House, PASSWORD, code};

#[actix::test]
async fn an_unknown_user_and_a_wrong_password_get_the_very_same_answer() {
    let house = House::build();
    let mut answers = Vec::new();
    for (name, password) in [
        ("nobody", PASSWORD),
        ("awa", "wrong"),
        ("awa", &*"x".repeat(73)),
        ("awa", "a\0b"),
    ] {
        let error = house
            .try_login(name, password, house.terminal())
            .await
            .err()
            .unwrap();
        answers.push(error.to_problem("r"));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert_eq!(answers[0]["code"], "invalid_credentials");
}

#[actix::test]
async fn a_disabled_user_is_answered_like_an_unknown_one() {
    let house = House::build();
    house
        .sqlite()
        .execute("UPDATE users SET active = 0 WHERE username = 'awa'", [])
        .unwrap();
    house.accounts.poll_now().await.unwrap();
    let refused = house.try_login("awa", PASSWORD, house.terminal()).await;
    assert_eq!(code(refused), Code::InvalidCredentials);
}

#[actix::test]
async fn the_place_is_told_only_to_who_knows_the_password() {
    let house = House::build();
    let (here, there) = (house.at("127.0.0.1"), house.terminal());
    assert_eq!(
        code(house.try_login("chef", PASSWORD, there).await),
        Code::LoginNotAllowedHere
    );
    assert_eq!(
        code(house.try_login("chef", "wrong", there).await),
        Code::InvalidCredentials
    );
    assert_eq!(
        code(house.try_login("caisse", PASSWORD, here).await),
        Code::LoginNotAllowedHere
    );
    assert!(house.try_login("chef", PASSWORD, here).await.is_ok());
    assert!(house.try_login("caisse", PASSWORD, there).await.is_ok());
}

#[actix::test]
async fn a_registered_terminal_counts_as_a_client_on_the_hubs_own_machine() {
    let house = House::build();
    let (_, chef) = house.login("chef").await;
    let here = house.at("127.0.0.1");
    house
        .accounts
        .add_terminal(&chef, here, "comptoir".into(), None)
        .await
        .unwrap();
    let here = house.at("127.0.0.1");
    assert!(here.is_server && here.is_terminal);
    assert!(house.try_login("caisse", PASSWORD, here).await.is_ok());
    let again = house
        .accounts
        .add_terminal(&chef, here, "Comptoir".into(), None)
        .await;
    assert_eq!(code(again), Code::ConstraintViolation);
    house
        .accounts
        .remove_terminal(&chef, here, "comptoir".into())
        .await
        .unwrap();
    assert!(!house.at("127.0.0.1").is_terminal);
}

#[actix::test]
async fn five_failures_are_free_and_the_sixth_attempt_waits() {
    let house = House::build();
    for _ in 0..5 {
        assert_eq!(
            code(house.try_login("awa", "wrong", house.terminal()).await),
            Code::InvalidCredentials
        );
    }
    let error = house
        .try_login("awa", PASSWORD, house.terminal())
        .await
        .err()
        .unwrap();
    assert_eq!(error.code, Code::RateLimited);
    assert!(error.extra["retry_after_ms"].as_u64().unwrap() <= 1_000);
}

#[actix::test]
async fn a_stranger_cannot_keep_somebody_out_of_a_terminal_where_he_logged_in_before() {
    let house = House::build();
    house.login("awa").await;
    let stranger = house.at("203.0.113.66");
    for _ in 0..8 {
        assert!(house.try_login("awa", "guess", stranger).await.is_err());
    }
    // The same machine failing with other names does not matter either.
    for _ in 0..8 {
        assert!(
            house
                .try_login("nobody", "guess", house.terminal())
                .await
                .is_err()
        );
    }
    house.login("awa").await;
    // Where he never logged in, the account is slowed.
    let elsewhere = house.try_login("awa", PASSWORD, house.at("203.0.113.99")).await;
    assert_eq!(code(elsewhere), Code::RateLimited);
}

#[actix::test]
async fn thirty_two_at_once_all_get_in() {
    let house = House::build();
    let attempts = (0..32).map(|_| house.try_login("awa", PASSWORD, house.terminal()));
    let answers = futures_util::future::join_all(attempts).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
}

#[actix::test]
async fn every_attempt_is_audited_and_no_password_is() {
    let house = House::build();
    house.login("awa").await;
    let _ = house.try_login("awa", "s3cret-guess", house.terminal()).await;
    let _ = house.try_login("chef", PASSWORD, house.terminal()).await;
    let ok = house.audited("login").await;
    assert_eq!(
        (ok.len(), ok[0].username.as_deref(), ok[0].address.as_deref()),
        (1, Some("awa"), Some("203.0.113.20"))
    );
    let failed = house.audited("login_failed").await;
    let outcomes: Vec<_> = failed.iter().map(|record| record.outcome.as_str()).collect();
    assert_eq!(outcomes, ["login_not_allowed_here", "invalid_credentials"]);
    let text = format!("{ok:?}{failed:?}");
    assert!(!text.contains("s3cret") && !text.contains(PASSWORD));
}

#[actix::test]
async fn a_password_that_bcrypt_would_cut_cannot_be_set() {
    let house = House::build();
    let (_, chef) = house.login("chef").await;
    for password in ["short", &*"x".repeat(73), "eight\0bytes"] {
        let user = NewUser {
            username: "new".into(),
            display_name: None,
            role: "vendeur".into(),
            password: password.into(),
            lang: None,
            must_change_password: false,
        };
        let refused = house.accounts.create_user(&chef, house.terminal(), user).await;
        assert_eq!(code(refused), Code::InvalidRequest);
    }
    let (_, awa) = house.login("awa").await;
    let refused = house
        .accounts
        .change_password(&awa, house.terminal(), PASSWORD.into(), "x".repeat(73))
        .await;
    assert_eq!(code(refused), Code::InvalidRequest);
}

#[actix::test]
async fn an_initial_password_must_be_changed_and_then_all_is_well() {
    let house = House::build();
    let (_, chef) = house.login("chef").await;
    let user = NewUser {
        username: "moussa".into(),
        display_name: None,
        role: "vendeur".into(),
        password: PASSWORD.into(),
        lang: Some("ar".into()),
        must_change_password: true,
    };
    house
        .accounts
        .create_user(&chef, house.terminal(), user)
        .await
        .unwrap();
    let (grant, moussa) = house.login("moussa").await;
    assert!(grant.password_change_required && moussa.must_change_password);
    let change = |current: &str, new: &str| {
        house
            .accounts
            .change_password(&moussa, house.terminal(), current.into(), new.into())
    };
    assert_eq!(
        code(change("wrong password", "another password").await),
        Code::InvalidCredentials
    );
    assert_eq!(code(change(PASSWORD, PASSWORD).await), Code::InvalidRequest);
    change(PASSWORD, "another password").await.unwrap();
    let (now, _) = house.accounts.authenticate(&grant.token).unwrap();
    assert!(!now.must_change_password);
    assert_eq!(house.audited("password_change").await.len(), 2);
}

#[actix::test]
async fn the_last_administrator_stays() {
    let house = House::build();
    let (_, chef) = house.login("chef").await;
    let disable = comptoir::hub::accounts::UserPatch {
        active: Some(false),
        ..Default::default()
    };
    let refused = house
        .accounts
        .update_user(&chef, house.terminal(), chef.user_id, disable)
        .await;
    assert_eq!(code(refused), Code::PreconditionFailed);
}

#[actix::test]
async fn names_are_one_whatever_their_case() {
    let house = House::build();
    assert!(house.try_login("AWA", PASSWORD, house.terminal()).await.is_ok());
    let (_, chef) = house.login("chef").await;
    let user = NewUser {
        username: "Awa".into(),
        display_name: None,
        role: "vendeur".into(),
        password: PASSWORD.into(),
        lang: None,
        must_change_password: false,
    };
    let refused = house.accounts.create_user(&chef, house.terminal(), user).await;
    assert_eq!(code(refused), Code::ConstraintViolation);
}

#[actix::test]
async fn a_login_renews_a_hash_of_another_cost() {
    let house = House::build();
    let old = comptoir::auth::password::hash(PASSWORD, 5).unwrap();
    house
        .sqlite()
        .execute(
            "UPDATE users SET password_hash = ?1 WHERE username = 'awa'",
            [&old],
        )
        .unwrap();
    house.accounts.poll_now().await.unwrap();
    house.login("awa").await;
    let now: String = house
        .sqlite()
        .query_row(
            "SELECT password_hash FROM users WHERE username = 'awa'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(!comptoir::auth::password::is_outdated(&now, crate::support::COST));
    house.login("awa").await;
}
