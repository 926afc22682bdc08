//! `migrations/NNNN_name.sql`: names and order. What they say is SQLite's to check.

use sha2::{Digest, Sha256};

use super::{Migration, Source, error::Problems};

/// Orders the files by number and refuses what is not `1, 2, 3, …`.
pub fn order(sources: impl Iterator<Item = Source>, problems: &mut Problems) -> Vec<Migration> {
    let mut migrations: Vec<Migration> = Vec::new();
    for source in sources {
        let Some(version) = version_of(&source.file) else {
            problems.add(
                &source.file,
                0,
                "a migration is named like 0001_initial.sql: digits, `_`, lower-case letters, `.sql`",
            );
            continue;
        };
        let checksum = hex(&Sha256::digest(source.text.as_bytes()));
        migrations.push(Migration {
            version,
            source,
            checksum,
        });
    }
    migrations.sort_by_key(|migration| migration.version);
    let mut before: Option<&Migration> = None;
    for migration in &migrations {
        let expected = before.map_or(1, |before| before.version + 1);
        let file = &migration.source.file;
        if let Some(before) = before.filter(|before| before.version == migration.version) {
            let reason = format!("has the same number as {}", before.source.file);
            problems.add(file, 0, reason);
        } else if migration.version != expected {
            problems.add(
                file,
                0,
                format!("number {expected:04} is missing before this one"),
            );
        }
        before = Some(migration);
    }
    migrations
}

fn version_of(file: &str) -> Option<i64> {
    let (digits, name) = file.rsplit('/').next()?.strip_suffix(".sql")?.split_once('_')?;
    let is_named = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let is_number = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_named && is_number).then(|| digits.parse().ok()).flatten()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
