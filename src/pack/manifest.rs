//! `app.toml`: name, titles, roles, demo users.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use serde::Deserialize;
use toml::Spanned;

use crate::domain::{Columns, LoginFrom, Role, Roles, TableRights, text::Text};

use super::{
    DemoUser, Places, Source,
    error::{Problems, line_at},
    names::{is_name, is_reserved_table},
};

/// bcrypt reads no more of a password.
const MAX_PASSWORD_BYTES: usize = 72;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    title: Option<Text>,
    database: Option<PathBuf>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, RoleFile>,
    #[serde(default)]
    demo: Demo,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleFile {
    title: Option<Text>,
    #[serde(default)]
    login_from: LoginFrom,
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    raw_sql: bool,
    #[serde(default)]
    notify: bool,
    #[serde(default)]
    open_calls: bool,
    #[serde(default)]
    room: bool,
    contacts: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    external: bool,
    #[serde(default)]
    tables: BTreeMap<Spanned<String>, RightsFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RightsFile {
    select: Option<Spanned<Columns>>,
    insert: Option<Spanned<Columns>>,
    update: Option<Spanned<Columns>>,
    #[serde(default)]
    delete: bool,
    owner: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Demo {
    #[serde(default)]
    user: Vec<Spanned<DemoFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoFile {
    username: String,
    role: String,
    password: String,
    display_name: Option<String>,
    lang: Option<String>,
}

/// What `app.toml` says.
pub struct Manifest {
    pub name: String,
    pub title: Text,
    /// As it is written.
    pub database: Option<PathBuf>,
    pub roles: Roles,
    pub demo_users: Vec<DemoUser>,
    pub places: Places,
}

/// Reads `app.toml`. `None` where it is not TOML of the right shape; other faults go to `problems` beside the result.
pub fn parse(source: &Source, problems: &mut Problems) -> Option<Manifest> {
    let file: File = match toml::from_str(&source.text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map_or(0, |span| line_at(&source.text, span.start));
            problems.add(&source.file, line, error.message().replace('\n', "; "));
            return None;
        }
    };
    let mut reader = Reader {
        source,
        problems,
        places: Places::default(),
    };
    let name = file.name.get_ref().clone();
    if !is_name(&name) {
        reader.fault(
            file.name.span().start,
            "the pack's name is a letter, then letters, digits, `_` or `-`",
        );
    }
    let title = file.title.unwrap_or_else(|| plain(&name));
    let roles = reader.roles(file.roles);
    let demo_users = reader.demo_users(file.demo, &roles);
    Some(Manifest {
        name,
        title,
        database: file.database,
        roles,
        demo_users,
        places: reader.places,
    })
}

struct Reader<'a> {
    source: &'a Source,
    problems: &'a mut Problems,
    places: Places,
}

impl Reader<'_> {
    fn fault(&mut self, offset: usize, reason: impl Into<String>) {
        let line = line_at(&self.source.text, offset);
        self.problems.add(&self.source.file, line, reason);
    }

    fn place(&mut self, path: String, offset: usize) {
        let line = line_at(&self.source.text, offset);
        self.places.0.insert(path, line);
    }

    fn roles(&mut self, files: BTreeMap<Spanned<String>, RoleFile>) -> Roles {
        let names: BTreeSet<String> = files.keys().map(|name| name.get_ref().clone()).collect();
        let mut roles = Roles::default();
        for (key, file) in files {
            let start = key.span().start;
            let name: Arc<str> = key.into_inner().into();
            self.place(name.to_string(), start);
            if !is_name(&name) {
                self.fault(
                    start,
                    format!("`{name}` is no role name: a letter, then letters, digits, `_` or `-`"),
                );
            }
            self.contacts(&name, file.contacts.as_ref(), &names);
            let mut tables = BTreeMap::new();
            for (table, rights) in file.tables {
                let table_start = table.span().start;
                let table = table.into_inner();
                self.place(format!("{name}.{table}"), table_start);
                if is_reserved_table(&table) {
                    self.fault(
                        table_start,
                        format!("`{table}` belongs to the hub: no role can have rights on it"),
                    );
                }
                if tables
                    .keys()
                    .any(|other: &String| other.eq_ignore_ascii_case(&table))
                {
                    self.fault(
                        table_start,
                        format!("role `{name}` names the table `{table}` twice"),
                    );
                }
                let rights = self.rights(&name, &table, rights, file.raw_sql);
                tables.insert(table, rights);
            }
            let role = Role {
                title: file.title.unwrap_or_else(|| plain(&name)),
                name: name.clone(),
                login_from: file.login_from,
                admin: file.admin,
                // Every table is theirs, by whichever frame they ask.
                raw_sql: file.raw_sql || file.admin,
                notify: file.notify,
                open_calls: file.open_calls,
                room: file.room,
                contacts: file.contacts.map(Spanned::into_inner),
                external: file.external,
                tables,
            };
            roles.0.insert(name, Arc::new(role));
        }
        if !roles.iter().any(|role| role.admin) {
            // Somebody must be able to make users: the hub's own administrator, as without a pack.
            let builtin = Role::builtin_administrator();
            if roles.get(&builtin.name).is_some() {
                self.fault(0, "no role has `admin = true`: nobody could make users");
            } else {
                roles.0.insert(builtin.name.clone(), Arc::new(builtin));
            }
        }
        roles
    }

    fn contacts(&mut self, role: &str, contacts: Option<&Spanned<Vec<String>>>, names: &BTreeSet<String>) {
        let Some(contacts) = contacts else { return };
        for contact in contacts.get_ref() {
            if !names.contains(contact) {
                self.fault(
                    contacts.span().start,
                    format!("role `{role}` has the contact `{contact}`, which is no role"),
                );
            }
        }
    }

    fn rights(&mut self, role: &str, table: &str, file: RightsFile, raw_sql: bool) -> TableRights {
        let select = self.columns(role, table, "select", file.select);
        let insert = self.columns(role, table, "insert", file.insert);
        let update = self.columns(role, table, "update", file.update);
        let owner = file.owner.map(|owner| {
            let start = owner.span().start;
            self.place(format!("{role}.{table}.owner"), start);
            if raw_sql {
                self.fault(
                    start,
                    format!("`owner` and `raw_sql` do not go together: take one of them from role `{role}`"),
                );
            }
            owner.into_inner()
        });
        TableRights {
            select,
            insert,
            update,
            delete: file.delete,
            owner,
        }
    }

    fn columns(&mut self, role: &str, table: &str, right: &str, file: Option<Spanned<Columns>>) -> Columns {
        let Some(file) = file else {
            return Columns::None;
        };
        let start = file.span().start;
        self.place(format!("{role}.{table}.{right}"), start);
        let columns = file.into_inner();
        if let Columns::Only(names) = &columns {
            let mut seen = BTreeSet::new();
            for name in names {
                if !seen.insert(name.to_ascii_lowercase()) {
                    self.fault(start, format!("`{right}` of `{table}` names `{name}` twice"));
                }
            }
        }
        columns
    }

    fn demo_users(&mut self, demo: Demo, roles: &Roles) -> Vec<DemoUser> {
        let mut seen = BTreeSet::new();
        let mut users = Vec::new();
        for entry in demo.user {
            let start = entry.span().start;
            let user = entry.into_inner();
            let name = &user.username;
            if !is_name(name) {
                self.fault(start, format!("`{name}` is no user name"));
            }
            if !seen.insert(name.to_ascii_lowercase()) {
                self.fault(start, format!("the demo user `{name}` stands here twice"));
            }
            if roles.get(&user.role).is_none() {
                self.fault(
                    start,
                    format!(
                        "the demo user `{name}` has the role `{}`, which is no role",
                        user.role
                    ),
                );
            }
            if user.password.is_empty() || user.password.len() > MAX_PASSWORD_BYTES {
                self.fault(start, format!("the password of `{name}` must have 1 to 72 bytes"));
            }
            if user
                .lang
                .as_deref()
                .is_some_and(|lang| !matches!(lang, "fr" | "en" | "ar"))
            {
                self.fault(start, format!("`lang` of `{name}` is fr, en or ar"));
            }
            users.push(DemoUser {
                username: user.username,
                display_name: user.display_name,
                role: user.role,
                password: user.password,
                lang: user.lang,
            });
        }
        users
    }
}

fn plain(text: &str) -> Text {
    Text {
        fr: Some(text.to_owned()),
        en: Some(text.to_owned()),
        ar: Some(text.to_owned()),
    }
}
