use comptoir::{auth::refresh, protocol::error::Code};

use crate::support::{House, code};

/// As if the token had been used `ms` earlier than it was.
fn age(house: &House, token: &str, ms: i64) {
    let changed = house
        .sqlite()
        .execute(
            "UPDATE refresh_tokens SET first_used_at_ms = first_used_at_ms - ?1 WHERE hash = ?2",
            rusqlite::params![ms, refresh::hash(token)],
        )
        .unwrap();
    assert_eq!(changed, 1);
}

#[actix::test]
async fn each_refresh_gives_a_new_pair_of_the_same_login() {
    let house = House::build();
    let (first, who) = house.login("awa").await;
    let second = house.refresh(&first.refresh_token).await.unwrap();
    assert_ne!(first.refresh_token, second.refresh_token);
    assert_ne!(first.token, second.token);
    assert_eq!(house.accounts.authenticate(&second.token).unwrap().0.sid, who.sid);
    assert!(house.is_in(&first));
}

#[actix::test]
async fn two_tabs_may_share_a_token_for_thirty_seconds() {
    let house = House::build();
    let (first, _) = house.login("awa").await;
    let one = house.refresh(&first.refresh_token).await.unwrap();
    let two = house.refresh(&first.refresh_token).await.unwrap();
    assert_ne!(one.refresh_token, two.refresh_token);
    // Both go on.
    let one = house.refresh(&one.refresh_token).await.unwrap();
    assert!(house.refresh(&two.refresh_token).await.is_ok());
    assert!(house.refresh(&one.refresh_token).await.is_ok());
    // Even though its successors were used meanwhile.
    assert!(house.refresh(&first.refresh_token).await.is_ok());
}

#[actix::test]
async fn a_lost_answer_is_made_good_however_late() {
    let house = House::build();
    let (first, _) = house.login("awa").await;
    let _lost = house.refresh(&first.refresh_token).await.unwrap();
    age(&house, &first.refresh_token, 3_600_000);
    let again = house.refresh(&first.refresh_token).await.unwrap();
    assert!(house.is_in(&again));
}

#[actix::test]
async fn reuse_ends_the_login_for_both_parties() {
    let mut house = House::build();
    let (first, who) = house.login("awa").await;
    let second = house.refresh(&first.refresh_token).await.unwrap();
    let third = house.refresh(&second.refresh_token).await.unwrap();
    age(&house, &first.refresh_token, 31_000);

    assert_eq!(
        code(house.refresh(&first.refresh_token).await),
        Code::Unauthorized
    );
    assert_eq!(house.next_revoked().await.sids, [who.sid]);
    assert!(!house.is_in(&third));
    assert_eq!(
        code(house.refresh(&third.refresh_token).await),
        Code::Unauthorized
    );
    let audited = house.audited("refresh_reuse").await;
    assert_eq!(audited.len(), 1);
    assert_eq!(audited[0].session.as_deref(), Some(&*who.sid.to_string()));
}

#[actix::test]
async fn a_refresh_checks_the_place_and_keeps_the_token_good() {
    let house = House::build();
    let (grant, _) = house.login("caisse").await;
    let moved = house
        .accounts
        .refresh(grant.refresh_token.clone(), house.at("127.0.0.1"))
        .await;
    assert_eq!(code(moved), Code::LoginNotAllowedHere);
    assert!(house.refresh(&grant.refresh_token).await.is_ok());
}

#[actix::test]
async fn expired_and_invented_tokens_are_refused() {
    let house = House::build();
    let (grant, _) = house.login("awa").await;
    house
        .sqlite()
        .execute("UPDATE refresh_tokens SET expires_at_ms = 1", [])
        .unwrap();
    for token in [grant.refresh_token.as_str(), "", "invented", "\0"] {
        assert_eq!(code(house.refresh(token).await), Code::Unauthorized);
    }
}

#[actix::test]
async fn tokens_are_stored_as_hashes_only() {
    let house = House::build();
    let (grant, _) = house.login("awa").await;
    let found: i64 = house
        .sqlite()
        .query_row(
            "SELECT count(*) FROM refresh_tokens WHERE length(hash) = 32 AND hash <> CAST(?1 AS BLOB)",
            [&grant.refresh_token],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(found, 1);
}
