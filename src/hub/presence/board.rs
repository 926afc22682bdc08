//! Who is there and how. Pure: the time is handed in, in milliseconds of a clock that never goes back.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use crate::domain::Role;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Online,
    Away,
    Busy,
    Offline,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Offline => "offline",
        }
    }
}

/// What a user says of himself, on all his terminals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub status: Status,
    pub text: Option<String>,
    /// Until when it holds; `None`: until he says otherwise or leaves.
    pub until_ms: Option<i64>,
}

/// A user as he is now.
#[derive(Debug, Clone)]
pub struct Who {
    pub user_id: i64,
    pub username: Arc<str>,
    pub role: Arc<Role>,
}

/// How a user is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub status: Status,
    pub text: Option<String>,
    pub until_ms: Option<i64>,
    pub connections: u32,
}

/// The times that count.
#[derive(Debug, Clone, Copy)]
pub struct Timings {
    pub away_after_ms: i64,
    pub grace_ms: i64,
}

/// A user who is there, or just left, or said something that outlives his leaving.
#[derive(Debug)]
pub struct Person {
    pub who: Who,
    streams: u32,
    polls: u32,
    /// When the last poll ended: between two polls there is no connection, and somebody all the same.
    polled: Option<i64>,
    /// When the last connection ended.
    left: Option<i64>,
    /// The last request of any of his sessions.
    active: Arc<AtomicI64>,
    choice: Option<Choice>,
}

impl Person {
    fn connections(&self, now: i64, timings: Timings) -> u32 {
        let polls = self.polls > 0 || self.polled.is_some_and(|at| now - at < timings.grace_ms);
        self.streams + u32::from(polls)
    }

    /// How he is seen at `now`.
    pub fn seen(&self, now: i64, timings: Timings) -> Seen {
        let connections = self.connections(now, timings);
        let in_grace = self.left.is_some_and(|at| now - at < timings.grace_ms);
        let choice = self.choice.as_ref();
        let status = match choice.map(|choice| choice.status) {
            _ if connections == 0 && !in_grace => Status::Offline,
            Some(chosen @ (Status::Busy | Status::Away)) => chosen,
            _ if now - self.active.load(Ordering::Relaxed) >= timings.away_after_ms => Status::Away,
            _ => Status::Online,
        };
        let shown = choice.filter(|_| status != Status::Offline);
        Seen {
            status,
            text: shown.and_then(|choice| choice.text.clone()),
            until_ms: shown.and_then(|choice| choice.until_ms),
            connections: if in_grace { connections.max(1) } else { connections },
        }
    }

    /// The last moment he is known to have been there.
    pub fn last_seen(&self) -> i64 {
        let active = self.active.load(Ordering::Relaxed);
        active.max(self.left.unwrap_or(active))
    }
}

/// Everybody who is there.
#[derive(Debug)]
pub struct Board {
    timings: Timings,
    people: HashMap<i64, Person>,
}

impl Board {
    pub fn new(timings: Timings) -> Self {
        Self {
            timings,
            people: HashMap::new(),
        }
    }

    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    pub fn get(&self, user_id: i64) -> Option<&Person> {
        self.people.get(&user_id)
    }

    pub fn get_mut(&mut self, user_id: i64) -> Option<&mut Person> {
        self.people.get_mut(&user_id)
    }

    pub fn remove(&mut self, user_id: i64) -> Option<Person> {
        self.people.remove(&user_id)
    }

    fn entry(&mut self, who: &Who, active: &Arc<AtomicI64>) -> &mut Person {
        self.people.entry(who.user_id).or_insert_with(|| Person {
            who: who.clone(),
            streams: 0,
            polls: 0,
            polled: None,
            left: None,
            active: Arc::clone(active),
            choice: None,
        })
    }

    /// A session began.
    pub fn join(&mut self, who: &Who, active: &Arc<AtomicI64>, is_poll: bool, now: i64) {
        let person = self.entry(who, active);
        if is_poll {
            // A poll comes by itself, again and again: only the first of them is somebody's doing.
            if person.polls == 0 && person.polled.is_none() && person.streams == 0 {
                person.active.fetch_max(now, Ordering::Relaxed);
            }
            person.polls += 1;
        } else {
            person.streams += 1;
            person.active.fetch_max(now, Ordering::Relaxed);
        }
        person.left = None;
    }

    /// A session ended.
    pub fn leave(&mut self, user_id: i64, is_poll: bool, now: i64) {
        let Some(person) = self.people.get_mut(&user_id) else {
            return;
        };
        if is_poll {
            person.polls = person.polls.saturating_sub(1);
            person.polled = Some(now);
        } else {
            person.streams = person.streams.saturating_sub(1);
        }
        if person.streams == 0 && person.polls == 0 {
            person.left = Some(now);
        }
    }

    pub fn choose(&mut self, who: &Who, active: &Arc<AtomicI64>, choice: Choice) {
        let person = self.entry(who, active);
        person.choice = (choice.status != Status::Online || choice.text.is_some()).then_some(choice);
    }

    /// Ends choices whose time has come, and answers who is neither there nor has anything that outlives it.
    pub fn expire(&mut self, now: i64, wall_ms: i64) -> Vec<i64> {
        let timings = self.timings;
        let mut gone = Vec::new();
        for (id, person) in &mut self.people {
            if person
                .choice
                .as_ref()
                .is_some_and(|choice| choice.until_ms.is_some_and(|until| until <= wall_ms))
            {
                person.choice = None;
            }
            if person.polled.is_some_and(|at| now - at >= timings.grace_ms) {
                person.polled = None;
            }
            if person.seen(now, timings).status == Status::Offline {
                person.choice = person.choice.take().filter(|choice| choice.until_ms.is_some());
                if person.choice.is_none() {
                    gone.push(*id);
                }
            }
        }
        gone
    }

    pub fn timings(&self) -> Timings {
        self.timings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMINGS: Timings = Timings {
        away_after_ms: 60_000,
        grace_ms: 10_000,
    };

    fn who() -> Who {
        Who {
            user_id: 7,
            username: "awa".into(),
            role: Arc::new(Role::builtin_administrator()),
        }
    }

    struct Scene {
        board: Board,
        active: Arc<AtomicI64>,
    }

    impl Scene {
        fn new() -> Self {
            Self {
                board: Board::new(TIMINGS),
                active: Arc::new(AtomicI64::new(0)),
            }
        }

        fn join(&mut self, is_poll: bool, now: i64) {
            self.board.join(&who(), &self.active, is_poll, now);
        }

        fn choose(&mut self, status: Status, until_ms: Option<i64>) {
            let choice = Choice {
                status,
                text: Some("note".into()),
                until_ms,
            };
            self.board.choose(&who(), &self.active, choice);
        }

        fn at(&self, now: i64) -> (Status, u32) {
            let seen = self.board.get(7).unwrap().seen(now, TIMINGS);
            (seen.status, seen.connections)
        }
    }

    #[test]
    fn several_terminals_are_counted_and_the_last_one_leaves_after_a_grace() {
        let mut scene = Scene::new();
        scene.join(false, 0);
        scene.join(false, 0);
        assert_eq!(scene.at(0), (Status::Online, 2));
        scene.board.leave(7, false, 100);
        assert_eq!(scene.at(100), (Status::Online, 1));
        scene.board.leave(7, false, 200);
        assert_eq!(scene.at(10_199), (Status::Online, 1));
        assert_eq!(scene.at(10_200), (Status::Offline, 0));
        scene.join(false, 10_199);
        assert_eq!(scene.at(30_000), (Status::Online, 1));
        assert!(scene.board.expire(30_000, 0).is_empty());
    }

    #[test]
    fn polls_are_one_terminal_also_between_two_of_them() {
        let mut scene = Scene::new();
        scene.join(true, 0);
        assert_eq!(scene.at(0), (Status::Online, 1));
        scene.board.leave(7, true, 5_000);
        assert_eq!(scene.at(5_001), (Status::Online, 1));
        scene.join(true, 6_000);
        scene.join(true, 6_000);
        assert_eq!(scene.at(6_000), (Status::Online, 1));
        // Coming back by itself is no activity.
        assert_eq!(scene.at(60_000), (Status::Away, 1));
    }

    #[test]
    fn who_does_nothing_is_away_until_he_does_something() {
        let mut scene = Scene::new();
        scene.join(false, 0);
        assert_eq!(scene.at(59_999).0, Status::Online);
        assert_eq!(scene.at(60_000).0, Status::Away);
        scene.active.store(61_000, Ordering::Relaxed);
        assert_eq!(scene.at(61_000).0, Status::Online);
    }

    #[test]
    fn what_he_says_of_himself_holds_until_its_time_or_until_he_leaves() {
        let mut scene = Scene::new();
        scene.join(false, 0);
        scene.choose(Status::Busy, Some(5_000));
        assert_eq!(scene.at(100_000).0, Status::Busy, "busy is not away");
        scene.board.expire(1, 4_999);
        assert_eq!(scene.at(1).0, Status::Busy);
        scene.board.expire(1, 5_000);
        assert_eq!(scene.at(1).0, Status::Online);
        scene.choose(Status::Busy, None);
        scene.board.leave(7, false, 0);
        assert_eq!(scene.board.expire(20_000, 0), [7]);
        // One with a time outlives his absence.
        scene.choose(Status::Busy, Some(1_000_000));
        assert!(scene.board.expire(20_000, 0).is_empty());
        assert_eq!(scene.at(20_000), (Status::Offline, 0));
        scene.join(false, 21_000);
        assert_eq!(scene.at(21_000).0, Status::Busy);
    }
}
