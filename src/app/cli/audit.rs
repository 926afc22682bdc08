//! `comptoir audit`: prove that the audit is whole, and hand it on. Both only read, on one snapshot, also
//! beside a running server.

use std::{
    io::{self, Write as _},
    path::Path,
};

use serde::Serialize;

use super::{
    Failure,
    output::{say, say_json},
};
use crate::{
    domain::timestamp,
    hub::audit::AuditRecord,
    store::hub::{self, HubStore, audit},
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check that no entry was changed, removed, inserted or moved
    Verify {
        #[arg(long)]
        json: bool,
    },
    /// Print the entries as JSON lines, oldest first
    Export {
        /// From this time or day on (2025-12-07 or 2025-12-07T09:30:00Z)
        #[arg(long, value_name = "TIME", value_parser = time)]
        from: Option<i64>,
        /// Up to this time, or the beginning of this day
        #[arg(long, value_name = "TIME", value_parser = time)]
        to: Option<i64>,
        /// JSON lines are the only form; accepted for scripts
        #[arg(long)]
        json: bool,
    },
}

/// # Errors
/// What a person can act on; exit code 1 where the audit is not whole.
pub fn run(command: Command, data_dir: &Path) -> Result<(), Failure> {
    let store = HubStore::open_in(data_dir).map_err(Failure::failed)?;
    match command {
        Command::Verify { json } => verify(&store, json),
        Command::Export { from, to, json: _ } => export(&store, from, to),
    }
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    /// Entries found good, from the first on.
    entries: i64,
    /// Hash of the last entry as recorded: noted elsewhere, it proves later that nothing before it was rewritten.
    head: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_bad_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

fn verify(store: &HubStore, json: bool) -> Result<(), Failure> {
    let verdict = store.read(audit::verify).map_err(Failure::failed)?;
    let report = Report {
        ok: verdict.fault.is_none(),
        entries: verdict.good,
        head: hex(&verdict.head.hash),
        first_bad_id: verdict.fault.as_ref().map(|fault| fault.id),
        problem: verdict.fault.as_ref().map(|fault| fault.what),
    };
    if json {
        say_json(&report)?;
    } else if report.ok {
        say(format_args!(
            "The audit is whole: {} entries, head {}.",
            report.entries, report.head
        ))?;
    }
    match verdict.fault {
        None => Ok(()),
        Some(_) if json => Err(Failure::Reported),
        Some(fault) => Err(Failure::failed(format_args!(
            "the audit is not whole: entry {}: {}; {} entries before it are good",
            fault.id, fault.what, verdict.good
        ))),
    }
}

/// An entry with its seal.
#[derive(Serialize)]
struct Exported {
    #[serde(flatten)]
    record: AuditRecord,
    prev_hash: String,
    hash: String,
}

/// What can end an export early.
enum Stop {
    Store(hub::Error),
    Output(io::Error),
}

impl From<hub::Error> for Stop {
    fn from(cause: hub::Error) -> Self {
        Self::Store(cause)
    }
}

fn export(store: &HubStore, from: Option<i64>, to: Option<i64>) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut conn = store.connection().map_err(Failure::failed)?;
    let visited = audit::visit(&mut conn, from, to, |row| {
        let exported = Exported {
            prev_hash: hex(&row.prev_hash),
            hash: hex(&row.hash),
            record: row.into(),
        };
        serde_json::to_writer(&mut out, &exported).map_err(|cause| Stop::Output(cause.into()))?;
        out.write_all(b"\n").map_err(Stop::Output)
    });
    match visited {
        Ok(()) => Ok(out.flush()?),
        Err(Stop::Store(cause)) => Err(Failure::failed(cause)),
        // A pipe into `head` has seen enough.
        Err(Stop::Output(cause)) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Output(cause)) => Err(cause.into()),
    }
}

fn time(text: &str) -> Result<i64, String> {
    timestamp::parse(text)
        .or_else(|| timestamp::parse(&format!("{text}T00:00:00Z")))
        .ok_or_else(|| "expected a time like 2025-12-07 or 2025-12-07T09:30:00Z".to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
