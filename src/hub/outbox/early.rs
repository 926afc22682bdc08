//! Signals for a session that has not been sent its first frames yet. None is dropped: a newer one takes the place of
//! an older one that said the same of an earlier moment; where there are too many all the same, the outbox closes as one
//! of a slow consumer, and the client comes back to a new picture.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::domain::About;

/// Signals kept: each that comes is compared with them.
const MOST: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Early {
    kept: VecDeque<(Option<About>, Bytes)>,
    bytes: usize,
}

impl Early {
    /// Keeps a signal; `false`: there are too many.
    pub fn keep(&mut self, frame: &Bytes, about: Option<About>, max_bytes: usize) -> bool {
        let older = about.and_then(|_| self.kept.iter().position(|(kept, _)| *kept == about));
        if let Some((_, older)) = older.and_then(|at| self.kept.remove(at)) {
            self.bytes -= older.len();
        }
        let fits = self.kept.is_empty() || self.kept.len() < MOST && self.bytes + frame.len() <= max_bytes;
        if fits {
            self.bytes += frame.len();
            self.kept.push_back((about, frame.clone()));
        }
        fits
    }

    /// In the order in which the newest of each came.
    pub fn into_frames(self) -> impl Iterator<Item = Bytes> {
        self.kept.into_iter().map(|(_, frame)| frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNREAD: Option<About> = Some(About::Unread { room: 1 });

    fn keep(early: &mut Early, frame: &'static str, about: Option<About>) -> bool {
        early.keep(&Bytes::from_static(frame.as_bytes()), about, 12)
    }

    #[test]
    fn the_newest_count_of_a_room_takes_the_place_of_the_older_and_a_frame_of_a_call_stays() {
        let mut early = Early::default();
        assert!(keep(&mut early, "one", UNREAD));
        assert!(keep(&mut early, "call", None));
        assert!(keep(&mut early, "call", None));
        for _ in 0..10 {
            assert!(keep(&mut early, "two", UNREAD));
        }
        let frames: Vec<Bytes> = early.into_frames().collect();
        assert_eq!(frames, ["call", "call", "two"]);
    }

    #[test]
    fn too_many_are_refused_by_bytes_and_by_number() {
        let mut early = Early::default();
        assert!(keep(&mut early, "larger than the bound", None));
        assert!(!keep(&mut early, "x", None));
        let mut early = Early::default();
        assert!(keep(&mut early, "123456789012", UNREAD));
        assert!(keep(&mut early, "12345678901", UNREAD));
        assert!(!keep(&mut early, "12", None));
        let mut early = Early::default();
        let frame = Bytes::from_static(b"x");
        let kept = (0..10_000).take_while(|_| early.keep(&frame, None, usize::MAX));
        assert_eq!(kept.count(), MOST);
    }
}
