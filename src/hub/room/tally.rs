//! What each member has not read yet, kept in memory so that a message to a thousand members costs no query. Pure.

use std::collections::{BTreeSet, HashMap};

/// How far everybody in a room has read.
#[derive(Debug, Default)]
pub struct Tally {
    last_seq: i64,
    read: HashMap<i64, i64>,
    /// Nobody has anything to read up to here: it is gone.
    forgotten: i64,
    /// Tombstones count for nobody. Ascending: most are asked for by how many lie behind a place.
    deleted: Vec<i64>,
    mentions: HashMap<i64, BTreeSet<i64>>,
}

/// Absolute numbers of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counts {
    pub unread: i64,
    pub mentions: i64,
}

impl Tally {
    pub fn new(
        last_seq: i64,
        read: Vec<(i64, i64)>,
        mut deleted: Vec<i64>,
        mentions: Vec<(i64, i64)>,
    ) -> Self {
        deleted.sort_unstable();
        deleted.dedup();
        let mut tally = Self {
            last_seq,
            read: read.into_iter().collect(),
            deleted,
            ..Self::default()
        };
        for (user, seq) in mentions {
            tally.mentions.entry(user).or_default().insert(seq);
        }
        tally
    }

    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// Somebody wrote, which these have read: he himself.
    pub fn posted(&mut self, read_by: &[i64], seq: i64, mentioned: &[i64]) {
        self.last_seq = self.last_seq.max(seq);
        for user in read_by {
            self.read(*user, seq);
        }
        self.name(seq, mentioned);
    }

    /// A message has other mentions now.
    pub fn mentioned(&mut self, seq: i64, users: &[i64]) {
        self.mentions.retain(|user, seqs| {
            if !users.contains(user) {
                seqs.remove(&seq);
            }
            !seqs.is_empty()
        });
        self.name(seq, users);
    }

    pub fn deleted(&mut self, seq: i64) {
        self.mentioned(seq, &[]);
        if seq > self.forgotten
            && let Err(at) = self.deleted.binary_search(&seq)
        {
            self.deleted.insert(at, seq);
        }
    }

    fn name(&mut self, seq: i64, users: &[i64]) {
        if seq <= self.forgotten || self.deleted.binary_search(&seq).is_ok() {
            return;
        }
        for user in users {
            if self.place(*user) < seq {
                self.mentions.entry(*user).or_default().insert(seq);
            }
        }
    }

    /// Whether it is known how far a user has read.
    pub fn knows(&self, user: i64) -> bool {
        self.read.contains_key(&user)
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

    pub fn counts(&self, user: i64) -> Counts {
        let read = self.place(user).max(self.forgotten);
        let deleted = self.deleted.len() - self.deleted.partition_point(|seq| *seq <= read);
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
        for _ in 0..2 {
            tally.deleted(10);
        }
        assert_eq!(tally.counts(2), counts(1, 1));
        tally.read(2, 11);
        tally.read(2, 3);
        assert_eq!(tally.counts(2), counts(0, 0));
    }

    #[test]
    fn deletions_count_from_each_readers_place_in_whatever_order_they_came() {
        let mut tally = Tally::new(10, vec![(1, 0), (2, 4), (3, 9)], vec![7, 2], vec![]);
        for seq in [9, 3, 10, 3] {
            tally.deleted(seq);
        }
        assert_eq!(tally.counts(1), counts(5, 0));
        assert_eq!(tally.counts(2), counts(3, 0));
        assert_eq!(tally.counts(3), counts(0, 0));
    }

    #[test]
    fn what_is_past_its_time_is_nobodys_to_read() {
        let mut tally = Tally::new(10, vec![(1, 2)], vec![3, 9], vec![(1, 4), (1, 10)]);
        assert_eq!(tally.counts(1), counts(6, 2));
        tally.forgotten(8);
        assert_eq!(tally.counts(1), counts(1, 1));
        // Both were stored before it was forgotten.
        tally.mentioned(6, &[1]);
        tally.deleted(7);
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

    #[test]
    fn of_whom_nothing_was_known_has_read_what_was_there_before_him() {
        let mut tally = Tally::new(5, vec![(1, 0)], vec![], vec![]);
        assert!(!tally.knows(2));
        tally.mentioned(3, &[2]);
        tally.read(2, 4);
        assert!(tally.knows(2));
        assert_eq!(tally.counts(2), counts(1, 0));
    }
}
