//! `notifications.toml`: what to tell whom when rows change. Read and checked here; evaluated by the writer.

use serde::Deserialize;
use toml::Spanned;

use crate::domain::{Op, Roles, text::Text};

use super::{
    Source,
    error::{Problems, line_at},
};

/// To whom a rule speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// SQL over `new.` and `old.` that gives a user id.
    User(String),
    /// Every user of the role.
    Role(String),
    /// SQL that gives a room: its id, or a name of [`Recipient::named_room`].
    Room(String),
    /// Everybody but those of external roles.
    Everyone,
}

impl Recipient {
    /// The rooms that have no id of their own in a pack: `everyone`, and `role:NAME`.
    pub fn named_room(name: &str) -> Option<Self> {
        match name.trim() {
            "everyone" => Some(Self::Everyone),
            name => Some(Self::Role(name.strip_prefix("role:")?.trim().to_owned())),
        }
    }
}

/// One `[[rule]]`. The SQL texts are expressions over `new.` and `old.`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The application's name for it: `event` of the notification.
    pub event: String,
    pub on: Op,
    pub table: String,
    /// Only when one of these changed; empty: any.
    pub columns: Vec<String>,
    pub when: Option<String>,
    pub to: Recipient,
    /// With `{new.column}` and `{old.column}` to fill in.
    pub title: Text,
    pub body: Text,
    /// SQL that gives a JSON object.
    pub data: Option<String>,
    /// SQL; `None`: event, key and columns.
    pub dedup_key: Option<String>,
    pub file: String,
    pub line: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Spanned<RuleFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    event: String,
    on: Spanned<String>,
    table: String,
    #[serde(default)]
    columns: Vec<String>,
    when: Option<String>,
    to_user: Option<String>,
    to_role: Option<Spanned<String>>,
    to_room: Option<Spanned<String>>,
    title: Text,
    #[serde(default)]
    body: Text,
    data: Option<String>,
    dedup_key: Option<String>,
}

/// Reads the file; its faults go to `problems`.
pub fn parse(source: &Source, roles: &Roles, problems: &mut Problems) -> Vec<Rule> {
    let file: File = match toml::from_str(&source.text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map_or(0, |span| line_at(&source.text, span.start));
            problems.add(&source.file, line, error.message().replace('\n', "; "));
            return Vec::new();
        }
    };
    file.rule
        .into_iter()
        .filter_map(|entry| {
            let line = line_at(&source.text, entry.span().start);
            rule(entry.into_inner(), line, source, roles, problems)
        })
        .collect()
}

fn rule(file: RuleFile, line: u32, source: &Source, roles: &Roles, problems: &mut Problems) -> Option<Rule> {
    let on = match file.on.get_ref().as_str() {
        "insert" => Op::Insert,
        "update" => Op::Update,
        "delete" => Op::Delete,
        _ => {
            let line = line_at(&source.text, file.on.span().start);
            problems.add(&source.file, line, "`on` is insert, update or delete");
            return None;
        }
    };
    if on != Op::Update && !file.columns.is_empty() {
        problems.add(&source.file, line, "`columns` is for `on = \"update\"` only");
    }
    let to = match (file.to_user, file.to_role, file.to_room) {
        (Some(sql), None, None) => Recipient::User(sql),
        (None, Some(role), None) => {
            if roles.get(role.get_ref()).is_none() {
                let line = line_at(&source.text, role.span().start);
                let reason = format!("`{}` is no role of this pack", role.get_ref());
                problems.add(&source.file, line, reason);
            }
            Recipient::Role(role.into_inner())
        }
        (None, None, Some(room)) => match Recipient::named_room(room.get_ref()) {
            Some(to) => {
                if let Recipient::Role(role) = &to
                    && roles.get(role).is_none()
                {
                    let line = line_at(&source.text, room.span().start);
                    problems.add(&source.file, line, format!("`{role}` is no role of this pack"));
                }
                to
            }
            None => Recipient::Room(room.into_inner()),
        },
        _ => {
            let reason = "a rule has exactly one of `to_user`, `to_role` and `to_room`";
            problems.add(&source.file, line, reason);
            return None;
        }
    };
    Some(Rule {
        event: file.event,
        on,
        table: file.table,
        columns: file.columns,
        when: file.when,
        to,
        title: file.title,
        body: file.body,
        data: file.data,
        dedup_key: file.dedup_key,
        file: source.file.clone(),
        line,
    })
}
