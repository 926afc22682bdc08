use comptoir::{hub::accounts::UserPatch, protocol::error::Code};

use crate::support::{House, PASSWORD, code};

async fn patch(house: &House, name: &str, patch: UserPatch) {
    let (_, chef) = house.login("chef").await;
    let users = house.accounts.users().await.unwrap();
    let id = users.iter().find(|user| user.username == name).unwrap().id;
    house
        .accounts
        .update_user(&chef, house.terminal(), id, patch)
        .await
        .unwrap();
}

#[actix::test]
async fn a_logout_ends_this_login_and_no_other() {
    let mut house = House::build();
    let (gone, who) = house.login("awa").await;
    let (stays, _) = house.login("awa").await;
    house.accounts.logout(&who, house.terminal()).await.unwrap();
    let revoked = house.next_revoked().await;
    assert_eq!((revoked.sids, revoked.by_administrator), (vec![who.sid], false));
    assert!(!house.is_in(&gone) && house.is_in(&stays));
    assert_eq!(code(house.refresh(&gone.refresh_token).await), Code::Unauthorized);
    assert_eq!(house.audited("logout").await.len(), 1);
}

#[actix::test]
async fn a_disabled_user_is_out_at_once_and_back_only_with_a_new_login() {
    let mut house = House::build();
    let (grant, who) = house.login("awa").await;
    let active = |active| UserPatch {
        active: Some(active),
        ..UserPatch::default()
    };
    patch(&house, "awa", active(false)).await;
    assert_eq!(house.next_revoked().await.sids, [who.sid]);
    assert!(!house.is_in(&grant));
    assert!(
        house
            .mirrored
            .lock()
            .unwrap()
            .iter()
            .any(|user| user.username == "awa" && !user.active)
    );
    patch(&house, "awa", active(true)).await;
    assert!(!house.is_in(&grant));
    assert_eq!(
        code(house.refresh(&grant.refresh_token).await),
        Code::Unauthorized
    );
    house.login("awa").await;
}

#[actix::test]
async fn a_new_password_ends_the_users_other_logins() {
    let mut house = House::build();
    let (other, other_who) = house.login("awa").await;
    let (own, who) = house.login("awa").await;
    house
        .accounts
        .change_password(&who, house.terminal(), PASSWORD.into(), "another password".into())
        .await
        .unwrap();
    assert_eq!(house.next_revoked().await.sids, [other_who.sid]);
    assert!(!house.is_in(&other) && house.is_in(&own));
    assert!(house.refresh(&own.refresh_token).await.is_ok());
    let old = house.try_login("awa", PASSWORD, house.terminal()).await;
    assert_eq!(code(old), Code::InvalidCredentials);
}

#[actix::test]
async fn a_password_set_by_an_administrator_ends_all_logins() {
    let mut house = House::build();
    let (grant, who) = house.login("awa").await;
    let password = UserPatch {
        password: Some("another password".into()),
        ..UserPatch::default()
    };
    patch(&house, "awa", password).await;
    assert_eq!(house.next_revoked().await.sids, [who.sid]);
    assert!(!house.is_in(&grant));
}

#[actix::test]
async fn a_new_role_closes_the_sockets_and_the_login_goes_on_with_it() {
    let mut house = House::build();
    let (grant, who) = house.login("awa").await;
    patch(
        &house,
        "awa",
        UserPatch {
            role: Some("caisse".into()),
            ..UserPatch::default()
        },
    )
    .await;
    let revoked = house.next_revoked().await;
    assert_eq!((revoked.sids, revoked.by_administrator), (vec![who.sid], false));
    let (now, _) = house.accounts.authenticate(&grant.token).unwrap();
    assert_eq!(&*now.role.name, "caisse");
    assert_eq!(
        house.refresh(&grant.refresh_token).await.unwrap().user.role,
        "caisse"
    );
    assert!(
        house
            .mirrored
            .lock()
            .unwrap()
            .iter()
            .any(|user| user.username == "awa" && user.role == "caisse")
    );
}

#[actix::test]
async fn a_new_display_name_disturbs_nobody() {
    let mut house = House::build();
    let (grant, _) = house.login("awa").await;
    let name = UserPatch {
        display_name: Some("Awa D.".into()),
        ..UserPatch::default()
    };
    patch(&house, "awa", name).await;
    assert!(house.is_in(&grant) && house.nothing_revoked());
    assert!(
        house
            .mirrored
            .lock()
            .unwrap()
            .iter()
            .any(|user| user.display_name == "Awa D.")
    );
}

#[actix::test]
async fn an_administrator_disconnects_with_his_own_close_code() {
    let mut house = House::build();
    let (grant, who) = house.login("awa").await;
    let (_, chef) = house.login("chef").await;
    house
        .accounts
        .disconnect(&chef, house.at("127.0.0.1"), who.sid)
        .await
        .unwrap();
    let revoked = house.next_revoked().await;
    assert_eq!((revoked.sids, revoked.by_administrator), (vec![who.sid], true));
    assert!(!house.is_in(&grant));
    let again = house
        .accounts
        .disconnect(&chef, house.at("127.0.0.1"), who.sid)
        .await;
    assert_eq!(code(again), Code::NotFound);
}

#[actix::test]
async fn one_may_end_ones_own_other_logins_and_nobody_elses() {
    let mut house = House::build();
    let (_, lost_phone) = house.login("awa").await;
    let (_, awa) = house.login("awa").await;
    let (_, caisse) = house.login("caisse").await;
    let listed = house.accounts.my_sessions(&awa).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|login| login.current == (login.id == awa.sid)));
    let theirs = house
        .accounts
        .end_my_session(&awa, house.terminal(), caisse.sid)
        .await;
    assert_eq!(code(theirs), Code::NotFound);
    house
        .accounts
        .end_my_session(&awa, house.terminal(), lost_phone.sid)
        .await
        .unwrap();
    assert_eq!(house.next_revoked().await.sids, [lost_phone.sid]);
}
