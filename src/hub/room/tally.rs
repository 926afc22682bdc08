//! What each member has not read yet, kept in memory so that a message to a thousand members costs no query. Pure.

use std::collections::{BTreeSet, HashMap};

/// How far everybody in a room has read.
#[derive(Debug, Default)]
pub struct Tally {
    last_seq: i64,
    read: HashMap<i64, i64>,
    /// Nobody has anything to read up to here: it is gone.
    forgotten: i64,
    /// Tombstones count for nobody.
    deleted: BTreeSet<i64>,
    mentions: HashMap<i64, BTreeSet<i64>>,
}

/// Absolute numbers of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub unread: i64,
    pub mentions: i64,
}

impl Tally {
    pub fn new(last_seq: i64, read: Vec<(i64, i64)>, deleted: Vec<i64>, mentions: Vec<(i64, i64)>) -> Self {
        let mut tally = Self {
            last_seq,
            forgotten: 0,
            read: read.into_iter().collect(),
            deleted: deleted.into_iter().collect(),
            mentions: HashMap::new(),
        };
        for (user, seq) in mentions {
            tally.mentions.entry(user).or_default().insert(seq);
        }
        tally
    }

    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// Somebody wrote, which he has read himself.
    pub fn posted(&mut self, read_by: &[i64], seq: i64, mentioned: &[i64]) {
        self.last_seq = self.last_seq.max(seq);
        for user in read_by {
            self.read(*user, seq);
        }
        for user in mentioned.iter().filter(|user| !read_by.contains(user)) {
            if self.place(*user) < seq {
                self.mentions.entry(*user).or_default().insert(seq);
            }
        }
    }

    /// How far a user has read.
    pub fn place(&self, user: i64) -> i64 {
        self.read.get(&user).copied().unwrap_or(0)
    }

    pub fn read(&mut self, user: i64, up_to: i64) {
        let read = self.read.entry(user).or_insert(0);
        *read = up_to.max(*read);
        let read = *read;
        if let Some(mentions) = self.mentions.get_mut(&user) {
            mentions.retain(|seq| *seq > read);
            if mentions.is_empty() {
                self.mentions.remove(&user);
            }
        }
    }

    /// Messages up to here are past their time.
    pub fn forgotten(&mut self, up_to: i64) {
        self.forgotten = up_to.max(self.forgotten);
        self.deleted.retain(|seq| *seq > up_to);
        self.mentions.retain(|_, seqs| {
            seqs.retain(|seq| *seq > up_to);
            !seqs.is_empty()
        });
    }

    /// Where a user stands of whom nothing is known yet.
    pub fn start(&mut self, user: i64, read: i64) {
        self.read.entry(user).or_insert(read);
    }

    /// A message has other mentions now.
    pub fn mentioned(&mut self, seq: i64, users: &[i64]) {
        self.mentions.retain(|user, seqs| {
            if !users.contains(user) {
                seqs.remove(&seq);
            }
            !seqs.is_empty()
        });
        for user in users {
            if self.read.get(user).copied().unwrap_or(0) < seq {
                self.mentions.entry(*user).or_default().insert(seq);
            }
        }
    }

    pub fn deleted(&mut self, seq: i64) {
        self.deleted.insert(seq);
        self.mentioned(seq, &[]);
    }

    pub fn counts(&self, user: i64) -> Counts {
        let read = self.read.get(&user).copied().unwrap_or(0).max(self.forgotten);
        let deleted = self.deleted.range(read + 1..).count();
        Counts {
            unread: (self.last_seq - read - i64::try_from(deleted).unwrap_or(0)).max(0),
            mentions: self
                .mentions
                .get(&user)
                .map_or(0, |seqs| i64::try_from(seqs.len()).unwrap_or(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(unread: i64, mentions: i64) -> Counts {
        Counts { unread, mentions }
    }

    #[test]
    fn what_others_wrote_and_did_not_delete_is_unread() {
        let mut tally = Tally::new(10, vec![(1, 10), (2, 8)], vec![9], vec![(2, 10)]);
        assert_eq!(tally.counts(1), counts(0, 0));
        assert_eq!(tally.counts(2), counts(1, 1));
        tally.posted(&[1], 11, &[2, 1]);
        assert_eq!(tally.counts(1), counts(0, 0));
        assert_eq!(tally.counts(2), counts(2, 2));
        tally.deleted(10);
        assert_eq!(tally.counts(2), counts(1, 1));
        tally.read(2, 11);
        tally.read(2, 3);
        assert_eq!(tally.counts(2), counts(0, 0));
    }

    #[test]
    fn what_is_past_its_time_is_nobodys_to_read() {
        let mut tally = Tally::new(10, vec![(1, 2)], vec![3, 9], vec![(1, 4), (1, 10)]);
        assert_eq!(tally.counts(1), counts(6, 2));
        tally.forgotten(8);
        assert_eq!(tally.counts(1), counts(1, 1));
    }

    #[test]
    fn an_edit_that_names_others_moves_the_mention() {
        let mut tally = Tally::new(0, vec![(1, 0), (2, 0), (3, 0)], vec![], vec![]);
        tally.posted(&[1], 1, &[2]);
        tally.mentioned(1, &[3]);
        assert_eq!(tally.counts(2), counts(1, 0));
        assert_eq!(tally.counts(3), counts(1, 1));
    }
}
