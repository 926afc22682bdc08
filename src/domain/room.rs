//! Rooms: what kinds there are, and who may do what to whom is in them.

/// What a room is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomKind {
    /// Of two users, the same one each time.
    Direct,
    /// By invitation, or open.
    Group,
    /// Of all who have a role.
    Role,
    /// Of all who are not external.
    Everyone,
    /// Of the peers of an older system.
    Legacy,
}

impl RoomKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Role => "role",
            Self::Everyone => "everyone",
            Self::Legacy => "legacy",
        }
    }

    /// A kind as stored; the table takes no other.
    pub fn parse(name: &str) -> Self {
        match name {
            "direct" => Self::Direct,
            "role" => Self::Role,
            "everyone" => Self::Everyone,
            "legacy" => Self::Legacy,
            _ => Self::Group,
        }
    }

    /// Whether people come and go by being added, leaving and being removed.
    pub const fn has_changing_members(self) -> bool {
        matches!(self, Self::Group)
    }

    /// Whether its members stand in a list, or follow from the users' roles.
    pub const fn has_member_list(self) -> bool {
        matches!(self, Self::Direct | Self::Group | Self::Legacy)
    }
}

/// The key of the one direct room of two users.
pub fn direct_key(one: i64, other: i64) -> String {
    format!("direct:{}:{}", one.min(other), one.max(other))
}

/// The user names that a text names with `@`, each once, without the `@`.
pub fn mentioned(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for (at, _) in text.match_indices('@') {
        // An address is not a mention.
        if text[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
            continue;
        }
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .unwrap_or(rest.len());
        let name = rest[..end].trim_end_matches('.');
        if !name.is_empty() && !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_a_name_after_an_at_sign_and_an_address_is_none() {
        assert_eq!(
            mentioned("@awa et @dr.sow. @Awa! a@b.sn, @, عند @منى"),
            ["awa", "dr.sow", "منى"]
        );
    }

    #[test]
    fn two_users_have_one_direct_room() {
        assert_eq!(direct_key(7, 3), direct_key(3, 7));
    }
}
