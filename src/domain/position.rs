//! A place in both logs: of the business database and of the hub's own.

/// Everything up to here, in both logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last commit of `data.db`.
    pub commit: u64,
    /// The last durable event of `hub.db`.
    pub hub: u64,
}

impl Position {
    pub const START: Self = Self { commit: 0, hub: 0 };
    pub const END: Self = Self {
        commit: u64::MAX,
        hub: u64::MAX,
    };

    /// Whether nothing up to `other` is missing here.
    pub const fn reaches(self, other: Self) -> bool {
        self.commit >= other.commit && self.hub >= other.hub
    }

    /// The later place in each log.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            commit: self.commit.max(other.commit),
            hub: self.hub.max(other.hub),
        }
    }

    /// The earlier place in each log.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            commit: self.commit.min(other.commit),
            hub: self.hub.min(other.hub),
        }
    }
}
