use uuid::Uuid;

use super::*;
use crate::protocol::{Code, error::Error};

type TestCall = Call<String>;

const RING: i64 = 30_000;
const SEAT: i64 = 30_000;
const LIFE: i64 = 7_200_000;

const DOCTOR: i64 = 1;
const PATIENT: i64 = 2;
const NURSE: i64 = 3;

fn person(id: i64) -> Person {
    Person {
        id,
        name: format!("user {id}").into(),
    }
}

/// Socket `n` of login `n`.
fn socket(n: u128) -> Socket {
    Socket {
        id: Uuid::from_u128(n),
        login: Uuid::from_u128(n),
    }
}

fn call(others: &[i64], has_code: bool) -> TestCall {
    Call::open(
        Opening {
            id: 7,
            room: 12,
            host: person(DOCTOR),
            kind: Kind::AudioVideo,
            has_code,
            others: others.iter().map(|id| person(*id)).collect(),
            bounds: Bounds {
                ring_ms: RING,
                seat_ms: SEAT,
                lifetime_ms: LIFE,
                participants: 3,
            },
        },
        0,
    )
}

/// The doctor (1) and the patient (2) talk.
fn active() -> TestCall {
    let mut call = call(&[PATIENT], false);
    assert_eq!(call.accept(&person(DOCTOR), socket(1), None, 0).unwrap(), 1);
    assert_eq!(call.accept(&person(PATIENT), socket(2), None, 10).unwrap(), 2);
    call.take_effects();
    call
}

fn say(call: &mut TestCall, from: Number, to: Option<Number>, text: &str) -> Result<Delivered, Error> {
    call.relay(from, to, |a, b| format!("{}>{} {text}", a.number, b.number))
        .map(|d| (d.delivered, d.queued))
}

type Delivered = (usize, usize);

fn sent(call: &mut TestCall) -> Vec<(u128, String)> {
    call.take_effects()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Send { socket, frame } => Some((socket.as_u128(), frame)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_call_rings_the_others_and_is_active_once_one_answers() {
    let mut call = call(&[DOCTOR, PATIENT, NURSE], false);
    assert_eq!(call.state, State::Ringing);
    assert_eq!(call.take_effects(), [Effect::Ring(vec![PATIENT, NURSE])]);
    call.accept(&person(DOCTOR), socket(1), None, 0).unwrap();
    assert_eq!(call.state, State::Ringing);
    call.accept(&person(PATIENT), socket(2), None, 5).unwrap();
    assert_eq!((call.state, call.started_ms), (State::Active, Some(5)));
    assert!(call.is_ringing(NURSE) && !call.is_ringing(PATIENT));
}

#[test]
fn a_call_of_an_empty_room_waits_for_its_guest() {
    let call = call(&[], true);
    assert_eq!(call.state, State::Initiating);
}

#[test]
fn the_first_terminal_of_a_user_wins_and_the_others_hear_of_it() {
    let mut call = call(&[PATIENT], false);
    call.accept(&person(PATIENT), socket(2), None, 0).unwrap();
    assert!(call.take_effects().contains(&Effect::Elsewhere {
        user: PATIENT,
        except: Some(Uuid::from_u128(2)),
        declined: false
    }));
    let late = call.accept(&person(PATIENT), socket(3), None, 0).unwrap_err();
    assert_eq!(late.code, Code::Conflict);
    // The same socket again is the same seat.
    assert_eq!(call.accept(&person(PATIENT), socket(2), None, 0).unwrap(), 1);
}

#[test]
fn a_terminal_that_names_its_number_takes_its_seat_over_and_another_login_does_not() {
    let mut call = active();
    let newer = Socket {
        id: Uuid::from_u128(22),
        login: Uuid::from_u128(2),
    };
    assert_eq!(call.accept(&person(PATIENT), newer, Some(2), 20).unwrap(), 2);
    assert_eq!(call.seat(2).unwrap().socket, Some(newer.id));
    let other = call.accept(&person(PATIENT), socket(9), Some(2), 20).unwrap_err();
    assert_eq!(other.code, Code::Conflict);
}

#[test]
fn frames_go_to_one_or_to_all_others_and_never_back() {
    let mut call = active();
    call.accept(&person(NURSE), socket(3), None, 0).unwrap();
    call.take_effects();
    assert_eq!(say(&mut call, 1, None, "offer").unwrap(), (2, 0));
    assert_eq!(
        sent(&mut call),
        [(2, "1>2 offer".into()), (3, "1>3 offer".into())]
    );
    assert_eq!(say(&mut call, 2, Some(1), "answer").unwrap(), (1, 0));
    assert_eq!(sent(&mut call), [(1, "2>1 answer".into())]);
    assert_eq!(say(&mut call, 2, Some(2), "x").unwrap_err().code, Code::NotFound);
    assert_eq!(say(&mut call, 2, Some(9), "x").unwrap_err().code, Code::NotFound);
}

#[test]
fn a_seat_is_kept_over_a_drop_and_what_came_meanwhile_follows_in_order() {
    let mut call = active();
    call.socket_gone(Uuid::from_u128(2), 100);
    assert!(call.awaits(PATIENT));
    assert_eq!(say(&mut call, 1, None, "a").unwrap(), (0, 1));
    assert_eq!(say(&mut call, 1, None, "b").unwrap(), (0, 1));
    call.tick(100 + SEAT - 1);
    call.take_effects();
    let again = Socket {
        id: Uuid::from_u128(20),
        login: Uuid::from_u128(2),
    };
    assert_eq!(call.comes_back(PATIENT, again), Some(2));
    let effects = call.take_effects();
    assert_eq!(effects[0], Effect::Seated(2));
    assert!(matches!(&effects[1], Effect::Send { frame, .. } if frame == "1>2 a"));
    assert!(matches!(&effects[2], Effect::Send { frame, .. } if frame == "1>2 b"));
    assert!(!call.awaits(PATIENT));
}

#[test]
fn another_login_of_the_user_gets_the_empty_seat_only_when_he_asks() {
    let mut call = active();
    call.socket_gone(Uuid::from_u128(2), 100);
    assert_eq!(call.comes_back(PATIENT, socket(5)), None);
    assert_eq!(call.accept(&person(PATIENT), socket(5), None, 110).unwrap(), 2);
}

#[test]
fn sixty_four_frames_wait_and_the_next_is_refused() {
    let mut call = active();
    call.socket_gone(Uuid::from_u128(2), 0);
    for _ in 0..QUEUE {
        assert_eq!(say(&mut call, 1, None, "x").unwrap(), (0, 1));
    }
    let refused = say(&mut call, 1, None, "x").unwrap_err();
    assert_eq!(
        (refused.code, &refused.extra["limit"]),
        (Code::Busy, &"seat_queue".into())
    );
}

#[test]
fn a_seat_that_runs_out_is_gone_and_the_call_goes_on_while_somebody_is_there() {
    let mut call = active();
    call.socket_gone(Uuid::from_u128(2), 0);
    assert_eq!(call.next_deadline_ms(), SEAT);
    call.tick(SEAT);
    assert!(call.take_effects().contains(&Effect::Left(2, Leaving::Lost)));
    assert_eq!(call.state, State::Active);
    // Who comes back later answers again, and is somebody new.
    assert_eq!(call.accept(&person(PATIENT), socket(2), None, SEAT).unwrap(), 3);
    call.socket_gone(Uuid::from_u128(1), SEAT);
    call.socket_gone(Uuid::from_u128(2), SEAT);
    call.tick(2 * SEAT);
    assert_eq!((call.state, call.reason), (State::Ended, Some(Reason::Abandoned)));
}

#[test]
fn nobody_answers() {
    let mut without = call(&[PATIENT], false);
    assert_eq!(without.next_deadline_ms(), RING);
    without.tick(RING - 1);
    assert_eq!(without.state, State::Ringing);
    without.tick(RING);
    assert_eq!(
        (without.state, without.reason),
        (State::Missed, Some(Reason::NoAnswer))
    );
    // The guest with the code may still come.
    let mut with = call(&[PATIENT], true);
    with.tick(RING);
    assert!(!with.state.is_over() && !with.is_ringing(PATIENT));
    with.tick(LIFE);
    assert_eq!((with.state, with.reason), (State::Expired, Some(Reason::Expired)));
}

#[test]
fn all_decline() {
    let mut call = call(&[PATIENT, NURSE], true);
    call.decline(PATIENT, None, 1).unwrap();
    assert_eq!(call.state, State::Ringing);
    call.decline(NURSE, None, 2).unwrap();
    assert_eq!(
        (call.state, call.reason),
        (State::Declined, Some(Reason::Declined))
    );
    assert_eq!(call.decline(NURSE, None, 3).unwrap_err().code, Code::NotFound);
}

#[test]
fn a_guest_waits_for_the_host_and_says_nothing_before() {
    let mut call = call(&[], true);
    call.accept(&person(DOCTOR), socket(1), None, 0).unwrap();
    let guest = call.expect_guest("Fatou".into(), Uuid::from_u128(8)).unwrap();
    // Not there before his socket is.
    assert_eq!(call.admit(DOCTOR, guest, 0).unwrap_err().code, Code::NotFound);
    call.guest_arrives(guest, socket(8)).unwrap();
    assert_eq!(call.seat(guest).unwrap().place, Place::Lobby);
    assert_eq!(
        say(&mut call, guest, None, "x").unwrap_err().code,
        Code::Forbidden
    );
    assert_eq!(say(&mut call, 1, None, "x").unwrap(), (0, 0));
    assert_eq!(
        say(&mut call, 1, Some(guest), "x").unwrap_err().code,
        Code::NotFound
    );
    assert_eq!(call.admit(NURSE, guest, 0).unwrap_err().code, Code::Forbidden);
    call.admit(DOCTOR, guest, 5).unwrap();
    assert_eq!(call.state, State::Active);
    assert_eq!(say(&mut call, guest, None, "x").unwrap(), (1, 0));
}

#[test]
fn a_guest_needs_the_token_of_his_number() {
    let mut call = call(&[], true);
    let guest = call.expect_guest("Fatou".into(), Uuid::from_u128(8)).unwrap();
    let stranger = call.guest_arrives(guest, socket(9)).unwrap_err();
    assert_eq!(stranger.code, Code::NotFound);
}

#[test]
fn a_guest_keeps_his_seat_for_a_while_and_waits_in_the_lobby_after() {
    let mut call = call(&[], true);
    call.accept(&person(DOCTOR), socket(1), None, 0).unwrap();
    let guest = call.expect_guest("Fatou".into(), Uuid::from_u128(8)).unwrap();
    call.guest_arrives(guest, socket(8)).unwrap();
    call.admit(DOCTOR, guest, 0).unwrap();
    call.socket_gone(Uuid::from_u128(8), 100);
    let newer = |id| Socket {
        id: Uuid::from_u128(id),
        login: Uuid::from_u128(8),
    };
    call.guest_arrives(guest, newer(80)).unwrap();
    assert!(call.seat(guest).unwrap().is_joined());
    // An old socket that is only now known to be gone changes nothing.
    assert_eq!(
        call.guest_arrives(guest, newer(81)).unwrap(),
        Some(Uuid::from_u128(80))
    );
    call.socket_gone(Uuid::from_u128(80), 200);
    assert_eq!(call.seat(guest).unwrap().socket, Some(Uuid::from_u128(81)));
    call.socket_gone(Uuid::from_u128(81), 300);
    call.tick(300 + SEAT);
    call.guest_arrives(guest, newer(82)).unwrap();
    assert_eq!(call.seat(guest).unwrap().place, Place::Lobby);
}

#[test]
fn a_refused_guest_and_a_removed_one_are_sent_away() {
    let mut call = call(&[PATIENT], true);
    call.accept(&person(DOCTOR), socket(1), None, 0).unwrap();
    call.accept(&person(PATIENT), socket(2), None, 0).unwrap();
    let guest = call.expect_guest("Fatou".into(), Uuid::from_u128(8)).unwrap();
    call.guest_arrives(guest, socket(8)).unwrap();
    call.deny(DOCTOR, guest, 0).unwrap();
    assert!(call.take_effects().iter().any(|e| matches!(
        e,
        Effect::Dismissed { how: Leaving::Denied, login, .. } if *login == Uuid::from_u128(8)
    )));
    assert!(call.guest_arrives(guest, socket(8)).is_err());
    call.deny(DOCTOR, 2, 0).unwrap();
    assert_eq!((call.state, call.reason), (State::Ended, Some(Reason::HungUp)));
}

#[test]
fn guests_are_bounded_and_one_who_went_makes_room() {
    let mut call = call(&[], true);
    let first = call.expect_guest("0".into(), Uuid::from_u128(100)).unwrap();
    for n in 1..MAX_GUESTS as u128 {
        let guest = call.expect_guest("n".into(), Uuid::from_u128(100 + n)).unwrap();
        call.guest_arrives(guest, socket(100 + n)).unwrap();
    }
    call.expect_guest("more".into(), Uuid::from_u128(999)).unwrap();
    assert!(call.seat(first).is_none());
    let number = call.seats().last().unwrap().number;
    call.guest_arrives(number, socket(999)).unwrap();
    let refused = call
        .expect_guest("full".into(), Uuid::from_u128(998))
        .unwrap_err();
    assert_eq!(refused.code, Code::Busy);
}

#[test]
fn participants_are_bounded() {
    let mut call = active();
    call.accept(&person(NURSE), socket(3), None, 0).unwrap();
    let refused = call.accept(&person(4), socket(4), None, 0).unwrap_err();
    assert_eq!(
        (refused.code, &refused.extra["limit"]),
        (Code::Busy, &"participants".into())
    );
}

#[test]
fn a_call_of_two_ends_when_one_hangs_up_and_a_call_of_three_goes_on() {
    let mut two = active();
    two.hang_up(2, 9).unwrap();
    assert_eq!(
        (two.state, two.reason, two.ended_ms),
        (State::Ended, Some(Reason::HungUp), Some(9))
    );
    assert_eq!(say(&mut two, 1, None, "x").unwrap_err().code, Code::NotFound);

    let mut three = active();
    three.accept(&person(NURSE), socket(3), None, 0).unwrap();
    three.hang_up(2, 9).unwrap();
    assert_eq!(three.state, State::Active);
}

#[test]
fn the_host_who_leaves_hands_on_to_whoever_was_there_first() {
    let mut call = active();
    call.accept(&person(NURSE), socket(3), None, 0).unwrap();
    call.hang_up(1, 9).unwrap();
    assert_eq!((call.state, call.host.id), (State::Active, PATIENT));
    assert_eq!(call.end(DOCTOR, 10).unwrap_err().code, Code::Forbidden);
    call.end(PATIENT, 10).unwrap();
    assert_eq!(call.reason, Some(Reason::EndedByHost));
}

#[test]
fn guests_alone_are_no_call() {
    let mut call = call(&[], true);
    call.accept(&person(DOCTOR), socket(1), None, 0).unwrap();
    for n in [8, 9] {
        let guest = call.expect_guest("g".into(), Uuid::from_u128(n)).unwrap();
        call.guest_arrives(guest, socket(n)).unwrap();
        call.admit(DOCTOR, guest, 0).unwrap();
    }
    call.take_effects();
    call.hang_up(1, 9).unwrap();
    assert_eq!((call.state, call.reason), (State::Ended, Some(Reason::HostLeft)));
    let dismissed = call.take_effects().into_iter().filter(|e| {
        matches!(
            e,
            Effect::Dismissed {
                who: Who::Guest { .. },
                ..
            }
        )
    });
    assert_eq!(dismissed.count(), 2);
}

#[test]
fn the_host_who_hangs_up_before_an_answer_cancels() {
    let mut call = call(&[PATIENT], false);
    call.accept(&person(DOCTOR), socket(1), None, 0).unwrap();
    call.hang_up(1, 5).unwrap();
    assert_eq!((call.state, call.reason), (State::Ended, Some(Reason::Cancelled)));
}

#[test]
fn a_removed_member_has_no_seat_and_is_not_rung() {
    let mut call = active();
    call.accept(&person(NURSE), socket(3), None, 0).unwrap();
    call.remove_user(PATIENT, 5);
    assert!(call.seat(2).is_none() && !call.awaits(PATIENT));
    assert_eq!(call.state, State::Active);
    assert_eq!(say(&mut call, 2, None, "x").unwrap_err().code, Code::Forbidden);
}

#[test]
fn nothing_can_be_done_in_a_call_that_is_over() {
    let mut call = active();
    call.end(DOCTOR, 1).unwrap();
    call.take_effects();
    let codes = [
        call.accept(&person(PATIENT), socket(2), None, 2)
            .unwrap_err()
            .code,
        call.end(DOCTOR, 2).unwrap_err().code,
        call.hang_up(1, 2).unwrap_err().code,
        call.expect_guest("g".into(), Uuid::nil()).unwrap_err().code,
        call.set_media(1, |m| m.audio = false).unwrap_err().code,
    ];
    assert!(codes.iter().all(|code| *code == Code::NotFound));
    call.tick(LIFE);
    call.socket_gone(Uuid::from_u128(1), 3);
    assert_eq!((call.state, call.take_effects().len()), (State::Ended, 0));
}
