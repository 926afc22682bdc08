//! Reads and layers the configuration. Values keep the name of where they came from, so that an
//! error, `config show` and start-up can say it.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{Config, validate};

/// Environment variables are `COMPTOIR_SECTION__KEY`.
pub const ENV_PREFIX: &str = "COMPTOIR_";

/// The name of the file that is looked for where none is named.
pub const FILE_NAME: &str = "comptoir.toml";

/// Keys that hold paths: relative ones in a file are relative to that file.
const PATH_KEYS: [&str; 2] = ["data.path", "backup.dir"];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    File { path: PathBuf, line: usize },
    Environment { variable: String },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment { variable } => f.write_str(variable),
        }
    }
}

/// A configuration that cannot be used, in words for the person who wrote it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read the configuration file {path}: {cause}")]
    Unreadable { path: PathBuf, cause: std::io::Error },
    /// A value that does not parse, an unknown key, a value out of range.
    #[error("{at}: {message}")]
    Invalid { at: String, message: String },
}

/// The configuration in force and where its values came from.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    pub config: Config,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// `section.key` → source, for every value that is not a default.
    pub sources: BTreeMap<String, Source>,
}

impl Loaded {
    /// Whether someone set `key` (`section.key`) rather than leaving the default.
    pub fn is_set(&self, key: &str) -> bool {
        self.sources.contains_key(key)
    }
}

/// The file to read where `--config` names none: in the data directory, else in the working directory.
pub fn find_file(data_dir: &Path) -> Option<PathBuf> {
    [data_dir.join(FILE_NAME), PathBuf::from(FILE_NAME)]
        .into_iter()
        .find(|path| path.is_file())
}

/// Layers `file` and the environment `vars` over the defaults, and checks the result.
///
/// # Errors
/// The first thing wrong, naming `file:line` or the variable.
pub fn load(file: Option<&Path>, vars: impl IntoIterator<Item = (String, String)>) -> Result<Loaded, Error> {
    let mut merged = Table::new();
    let mut sources = BTreeMap::new();
    if let Some(path) = file {
        let text = fs::read_to_string(path).map_err(|cause| Error::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        merged = parse_file(path, &text, &mut sources)?;
    }
    for (variable, text) in vars {
        let Some(name) = variable.strip_prefix(ENV_PREFIX) else {
            continue;
        };
        let Some((section, key, value)) = parse_variable(&variable, name, &text)? else {
            continue;
        };
        sources.insert(format!("{section}.{key}"), Source::Environment { variable });
        let entry = merged
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(table) = entry {
            table.insert(key, value);
        }
    }
    // Each layer was checked alone; this cannot fail on what they hold, but must not be assumed.
    let config: Config = Value::Table(merged)
        .try_into()
        .map_err(|error: toml::de::Error| Error::Invalid {
            at: "configuration".into(),
            message: error.message().to_owned(),
        })?;
    validate(&config).map_err(|problem| Error::Invalid {
        at: match sources.get(problem.key) {
            Some(source) => format!("{source}: {}", problem.key),
            None => problem.key.to_owned(),
        },
        message: problem.message,
    })?;
    Ok(Loaded {
        config,
        file: file.map(Path::to_owned),
        sources,
    })
}

fn parse_file(path: &Path, text: &str, sources: &mut BTreeMap<String, Source>) -> Result<Table, Error> {
    let invalid = |error: &toml::de::Error| Error::Invalid {
        at: format!("{}:{}", path.display(), line_of(text, error.span())),
        message: error.message().to_owned(),
    };
    // Against the types first: only there are unknown keys known, with their place.
    toml::from_str::<Config>(text).map_err(|error| invalid(&error))?;
    let mut table: Table = toml::from_str(text).map_err(|error| invalid(&error))?;
    let base = path.parent().unwrap_or(Path::new(""));
    for (section, keys) in &mut table {
        let Value::Table(keys) = keys else { continue };
        for (key, value) in keys {
            let name = format!("{section}.{key}");
            if PATH_KEYS.contains(&name.as_str())
                && let Value::String(text) = value
            {
                *text = base.join(&*text).to_string_lossy().into_owned();
            }
            let line = line_of_key(text, section, key);
            let path = path.to_owned();
            sources.insert(name, Source::File { path, line });
        }
    }
    Ok(table)
}

/// `COMPTOIR_SERVER__LISTEN` → `server`, `listen` and the value in the type the key wants. `None` for
/// names without `__`, which are not ours, unless they are plainly a setting with an underscore too few.
fn parse_variable(variable: &str, name: &str, text: &str) -> Result<Option<(String, String, Value)>, Error> {
    let invalid = |message: String| Error::Invalid {
        at: variable.to_owned(),
        message,
    };
    let Some((section, key)) = name.split_once("__") else {
        let first = name.split('_').next().unwrap_or_default();
        if first.len() < name.len() && is_section(&first.to_ascii_lowercase()) {
            return Err(invalid(
                "not a setting; names look like COMPTOIR_SERVER__LISTEN (section, two underscores, key)"
                    .into(),
            ));
        }
        return Ok(None);
    };
    let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
    // The key too: it is what the file and the documentation call it.
    let invalid = |message: String| Error::Invalid {
        at: format!("{variable}: {section}.{key}"),
        message,
    };
    // The environment knows only text; the type of the key decides which reading is meant.
    let list = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| Value::String(item.to_owned()))
        .collect();
    let readings = [
        Some(Value::String(text.to_owned())),
        text.parse().ok().map(Value::Integer),
        text.parse().ok().map(Value::Boolean),
        Some(Value::Array(list)),
    ];
    let mut failures: Vec<String> = Vec::new();
    for value in readings.into_iter().flatten() {
        let one = Table::from_iter([(key.clone(), value.clone())]);
        let one = Table::from_iter([(section.clone(), Value::Table(one))]);
        match Value::Table(one).try_into::<Config>() {
            Ok(_) => return Ok(Some((section, key, value))),
            Err(error) => failures.push(error.message().to_owned()),
        }
    }
    // Where a reading had the right type but a wrong value, that message is the useful one.
    let message = failures
        .iter()
        .find(|message| !message.starts_with("invalid type"))
        .or(failures.first())
        .cloned()
        .unwrap_or_default();
    Err(invalid(message))
}

fn is_section(name: &str) -> bool {
    let empty = Table::from_iter([(name.to_owned(), Value::Table(Table::new()))]);
    Value::Table(empty).try_into::<Config>().is_ok()
}

/// The line, from 1, at which a span begins.
fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start).min(text.len());
    text.as_bytes()[..start]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        + 1
}

/// The line on which `key` of `section` is set; 1 where it is written in a form that this does not find.
fn line_of_key(text: &str, section: &str, key: &str) -> usize {
    let mut current = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            current = name.trim().to_owned();
        } else if let Some((name, _)) = line.split_once('=') {
            let name = name.trim();
            if (current == section && name == key)
                || (current.is_empty() && name == format!("{section}.{key}"))
            {
                return index + 1;
            }
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE_NAME);
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    fn vars(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let (_dir, path) = file("[server]\nlisten = \"127.0.0.1:9000\"\nheartbeat_ms = 500\n");
        let loaded = load(
            Some(&path),
            vars(&[
                ("COMPTOIR_SERVER__LISTEN", "127.0.0.1:9001"),
                ("HOME", "/root"),
                ("COMPTOIR_ELSE", "x"),
            ]),
        )
        .unwrap();
        assert_eq!(loaded.config.server.listen.port(), 9001);
        assert_eq!(loaded.config.server.heartbeat_ms, 500);
        assert_eq!(loaded.config.server.max_connections, 25_000);
        assert_eq!(
            loaded.sources["server.heartbeat_ms"],
            Source::File { path, line: 3 }
        );
        assert!(!loaded.is_set("server.max_connections"));
    }

    #[test]
    fn an_unknown_key_in_the_file_is_named_with_its_line() {
        let (_dir, path) = file("[server]\nlisten = \"127.0.0.1:9000\"\n\n[auth]\nbcrypt_costs = 4\n");
        let error = load(Some(&path), []).unwrap_err().to_string();
        assert!(
            error.contains("comptoir.toml:5: unknown field `bcrypt_costs`"),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_section_and_broken_toml_are_named_with_their_line() {
        let (_dir, path) = file("\n[serve]\nx = 1\n");
        let error = load(Some(&path), []).unwrap_err().to_string();
        assert!(
            error.contains("comptoir.toml:2: unknown field `serve`"),
            "{error}"
        );
        let (_dir, path) = file("[server]\nlisten = \n");
        let error = load(Some(&path), []).unwrap_err().to_string();
        assert!(error.contains("comptoir.toml:2: "), "{error}");
    }

    #[test]
    fn an_unknown_variable_is_named() {
        for name in [
            "COMPTOIR_SERVER__LISTN",
            "COMPTOIR_SEVER__LISTEN",
            "COMPTOIR_SERVER_LISTEN",
        ] {
            let error = load(None, vars(&[(name, "1")])).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: ")), "{error}");
        }
    }

    #[test]
    fn variables_take_the_type_of_their_key() {
        let config = load(
            None,
            vars(&[
                ("COMPTOIR_SERVER__ALLOWED_ORIGINS", "https://a.example, null"),
                ("COMPTOIR_SERVER__TRUSTED_PROXIES", "10.0.0.1"),
                ("COMPTOIR_AUTH__LOGIN_FROM_ANYWHERE", "true"),
                ("COMPTOIR_AUTH__BCRYPT_COST", "4"),
                ("COMPTOIR_METRICS__SCRAPE_TOKEN", "1234567890123456"),
                ("COMPTOIR_LOG__FORMAT", "json"),
                ("COMPTOIR_DATA__PATH", "/srv/shop.db"),
            ]),
        )
        .unwrap()
        .config;
        assert_eq!(config.server.allowed_origins, ["https://a.example", "null"]);
        assert_eq!(config.server.trusted_proxies.len(), 1);
        assert!(config.auth.login_from_anywhere);
        assert_eq!(config.auth.bcrypt_cost, 4);
        assert_eq!(config.metrics.scrape_token.as_deref(), Some("1234567890123456"));
        assert_eq!(config.data.path.as_deref(), Some(Path::new("/srv/shop.db")));
    }

    #[test]
    fn a_value_of_the_wrong_type_or_out_of_range_names_its_source() {
        let error = load(None, vars(&[("COMPTOIR_SERVER__LISTEN", "8080")]))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("COMPTOIR_SERVER__LISTEN: "), "{error}");
        let error = load(None, vars(&[("COMPTOIR_AUTH__BCRYPT_COST", "3")]))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("COMPTOIR_AUTH__BCRYPT_COST: auth.bcrypt_cost: "),
            "{error}"
        );
        let (_dir, path) = file("[auth]\nbcrypt_cost = 40\n");
        let error = load(Some(&path), []).unwrap_err().to_string();
        assert!(error.contains("comptoir.toml:2: auth.bcrypt_cost: "), "{error}");
    }

    #[test]
    fn a_relative_path_in_a_file_is_relative_to_that_file() {
        let (dir, path) = file("[data]\npath = \"shop.db\"\n");
        let config = load(Some(&path), []).unwrap().config;
        assert_eq!(config.data.path, Some(dir.path().join("shop.db")));
    }

    #[test]
    fn the_commented_defaults_are_the_defaults() {
        let (_dir, path) = file(super::super::DEFAULT_TOML);
        let loaded = load(Some(&path), []).unwrap();
        let text = |config: &Config| serde_json::to_value(config).unwrap();
        assert_eq!(text(&loaded.config), text(&Config::default()));
        // And none is forgotten: every key stands there, set or commented out.
        for (section, keys) in text(&Config::default()).as_object().unwrap() {
            for key in keys.as_object().unwrap().keys() {
                let set = loaded.is_set(&format!("{section}.{key}"));
                let shown = super::super::DEFAULT_TOML.contains(&format!("\n# {key} = "));
                assert!(set || shown, "{section}.{key} is missing in default.toml");
            }
        }
    }
}
