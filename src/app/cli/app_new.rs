//! `comptoir app new`: a small pack that works, or one for a database that already exists.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use super::{Failure, Global, output::say};
use crate::{
    domain::{Schema, TableKind},
    store::data::pack_check,
};

const APP: &str = include_str!("templates/app.toml");
const MIGRATION: &str = include_str!("templates/0001_initial.sql");
const FUNCTIONS: &str = include_str!("templates/taches.sql");
const SEED: &str = include_str!("templates/seed.sql");

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory to make; it may exist, but must be empty
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// A database that already exists: the pack gives one role all of its tables and another one reads them
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

/// # Errors
/// Where the directory is not empty or cannot be written, or the database cannot be read.
pub fn run(args: Args, _: &Global) -> Result<(), Failure> {
    let name = pack_name(&args.dir);
    let files = match &args.from {
        None => vec![
            ("app.toml", APP.replace("{name}", &name)),
            ("migrations/0001_initial.sql", MIGRATION.to_owned()),
            ("functions/taches.sql", FUNCTIONS.to_owned()),
            ("seed.sql", SEED.to_owned()),
        ],
        Some(database) => {
            let schema = pack_check::schema_of(database).map_err(Failure::failed)?;
            let database = std::path::absolute(database)?;
            vec![("app.toml", app_for(&name, &database, &schema))]
        }
    };
    make(&args.dir, &files)?;
    say(format_args!("{} is a pack now.", args.dir.display()))?;
    match &args.from {
        None => say(format_args!(
            "Check it:  comptoir app check {dir}\nTry it:    comptoir serve --demo --app {dir}",
            dir = args.dir.display()
        )),
        Some(database) => say(format_args!(
            "Check it:  comptoir app check {dir}\n\
             Serve it:  COMPTOIR_DATA__PATH={database} comptoir serve --app {dir}",
            dir = args.dir.display(),
            database = database.display()
        )),
    }
}

fn make(dir: &Path, files: &[(&str, String)]) -> Result<(), Failure> {
    fs::create_dir_all(dir)?;
    if fs::read_dir(dir)?.next().is_some() {
        return Err(Failure::failed(format_args!(
            "{} is not empty: name a new directory",
            dir.display()
        )));
    }
    for (name, text) in files {
        let path = dir.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// A name for the pack from that of its directory.
fn pack_name(dir: &Path) -> String {
    let name: String = dir
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name
    } else {
        "app".to_owned()
    }
}

/// `app.toml` for a schema that is there already.
fn app_for(name: &str, database: &Path, schema: &Schema) -> String {
    let mut text = format!(
        "# A pack for a database that already exists. It has no migrations: the tables stay as they are.\n\
         name = \"{name}\"\ntitle = \"{name}\"\n\
         # Where `app check` and `types` read the tables; the hub serves what `data.path` names.\n\
         database = {database}\n\n\
         [roles.admin]\ntitle = {{ fr = \"Administrateur\", en = \"Administrator\" }}\n\
         login_from = \"server\"            # \"server\", \"client\" or \"anywhere\"\n\
         admin = true                     # reads and writes every table\n\n\
         [roles.reader]\ntitle = {{ fr = \"Lecture\", en = \"Reader\" }}\n\
         raw_sql = true                   # may send SELECT statements\n\n\
         # `select = true` reads every column; or list some: the key must be among them.\n",
        database = toml::Value::from(&*database.to_string_lossy())
    );
    for table in schema
        .tables
        .iter()
        .filter(|table| table.kind != TableKind::Virtual)
    {
        // Writing to a String cannot fail.
        _ = writeln!(
            text,
            "[roles.reader.tables.{}]\nselect = true",
            toml_key(&table.name)
        );
    }
    text
}

fn toml_key(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if is_bare {
        name.to_owned()
    } else {
        serde_json::Value::from(name).to_string() // a JSON string is a TOML basic string
    }
}
