//! `comptoir doctor`: looks for what would keep the hub from working here, and says what to do.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::Path,
    time::{Duration, SystemTime},
};

use serde::Serialize;

use super::{
    DataDir, Failure, Global,
    output::{say, say_json},
};
use crate::{
    app::{backup, banner, data_dir, listen},
    config,
};

/// Below this a full disk is near.
const LITTLE_SPACE: u64 = 1 << 30;

/// How long a running server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

const BACKUPS: &str = "backups";
const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// 2025-01-01: a clock before it has lost its battery.
const SANE_CLOCK: Duration = Duration::from_secs(1_735_689_600);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    /// The hub works, and yet somebody should do something.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    detail: String,
}

pub fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let mut add = |what, found: Result<String, String>| {
        let missing = found.is_err();
        let (Ok(detail) | Err(detail)) = found;
        // Without backups a hub works: until it matters.
        let warning = missing && what == BACKUPS;
        findings.push(Finding {
            what,
            ok: !missing || warning,
            warning,
            detail,
        });
    };
    match global.load() {
        Err(Failure::Failed(message) | Failure::Usage(message)) => add("configuration", Err(message)),
        Err(other) => return Err(other),
        Ok(loaded) => {
            let file = loaded.file.as_ref().map(|file| file.display().to_string());
            add("configuration", Ok(file.unwrap_or_else(|| "the defaults".into())));
            let dir = DataDir::open(&global.data, &loaded.config);
            let running = running(&dir);
            add("data", data(&global.data, running));
            // Where a server runs, what it was told on its command line counts, not what another would do.
            let noted = dir.as_ref().ok().filter(|_| running).and_then(DataDir::listening);
            let listening = noted.unwrap_or(loaded.config.server.listen);
            add(
                "port",
                match noted {
                    Some(address) => answers(address),
                    None => port(listening, running),
                },
            );
            add("address", address(listening));
            if let Ok(dir) = &dir {
                add(BACKUPS, backups(dir, &loaded.config.backup, SystemTime::now()));
            }
        }
    }
    add("clock", clock(SystemTime::now()));
    add("disk", disk(&global.data));
    let good = findings.iter().all(|finding| finding.ok);
    if args.json {
        say_json(&findings)?;
    } else {
        for Finding {
            what,
            ok,
            warning,
            detail,
        } in &findings
        {
            let mark = match (ok, warning) {
                (_, true) => "!! ",
                (true, false) => "ok ",
                (false, false) => "BAD",
            };
            say(format_args!("{mark}  {what:<14} {detail}"))?;
        }
    }
    if good { Ok(()) } else { Err(Failure::Reported) }
}

/// Whether a server holds the directory; taking the lock for a moment is how one knows.
fn running(dir: &Result<DataDir, data_dir::Error>) -> bool {
    dir.as_ref()
        .is_ok_and(|dir| matches!(dir.lock(), Err(data_dir::Error::InUse { .. })))
}

fn data(path: &Path, running: bool) -> Result<String, String> {
    match fs::read_dir(path) {
        Ok(_) if running => Ok(format!("{}, a server is running on it", path.display())),
        Ok(_) => Ok(path.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(format!(
            "{}: not there yet; `comptoir serve` makes it",
            path.display()
        )),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn port(address: SocketAddr, running: bool) -> Result<String, String> {
    match listen::bind(address) {
        Ok(_) => Ok(format!("{address} is free")),
        Err(listen::Error::Taken { .. }) if running => Ok(format!("{address}, held by the running server")),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether the running server answers where it says that it listens.
fn answers(listening: SocketAddr) -> Result<String, String> {
    let mut address = listening;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    match asked(address) {
        Ok(status) if status.contains(" 200 ") => Ok(format!(
            "{listening}, where the running server listens and answers"
        )),
        Ok(status) => Err(format!("{listening}: the running server answers {status:?}")),
        Err(cause) => Err(format!(
            "{listening}: the running server does not answer: {cause}"
        )),
    }
}

/// The status line of `GET /api/health`.
fn asked(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut line = String::new();
    BufReader::new(stream.take(1_000)).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Whether there is a backup that is not too old, or will be one soon.
fn backups(dir: &DataDir, plan: &config::Backup, now: SystemTime) -> Result<String, String> {
    let age_of = |path: &Path| {
        let modified = fs::metadata(path).and_then(|meta| meta.modified()).ok()?;
        Some(now.duration_since(modified).unwrap_or_default())
    };
    let Some(age_of_data) = age_of(&dir.token_key()) else {
        return Ok("nothing to back up yet".into());
    };
    let place = dir.backups().display();
    let newest = backup::newest_first(dir.backups()).into_iter().next();
    let every = Duration::from_secs(plan.every_s);
    // A clock that makes them daily has one of yesterday.
    let too_old = if every.is_zero() {
        WEEK
    } else {
        every.saturating_mul(2).max(DAY)
    };
    match newest.as_deref().and_then(age_of) {
        _ if dir.is_demo() => Ok("a demo, whose data nobody misses".into()),
        Some(age) if age <= too_old => Ok(format!("the newest in {place} is {} old", hours(age))),
        Some(age) => Err(format!(
            "the newest in {place} is {} old; make one with `comptoir backup`, and set backup.every_s to have them made",
            hours(age)
        )),
        None if !every.is_zero() && age_of_data <= too_old => Ok(format!(
            "none in {place} yet; the server makes one every {}",
            hours(every)
        )),
        None if every.is_zero() => Err(format!(
            "there is none in {place}, and none are made; set backup.every_s (86400: daily), or call `comptoir backup` by a clock of yours"
        )),
        None => Err(format!(
            "there is none in {place}, although one is to be made every {}; look into the log of the server",
            hours(every)
        )),
    }
}

fn hours(age: Duration) -> String {
    match age.as_secs() / 3_600 {
        0 => format!("{} min", age.as_secs() / 60),
        hours @ 1..48 => format!("{hours} h"),
        hours => format!("{} days", hours / 24),
    }
}

fn address(listening: SocketAddr) -> Result<String, String> {
    let reachable: Vec<String> = banner::addresses(listening)
        .iter()
        .filter(|address| !address.ip().is_loopback())
        .map(ToString::to_string)
        .collect();
    if reachable.is_empty() && !listening.ip().is_loopback() {
        return Err("this machine has no address on a network; check the cable or the wireless".into());
    }
    if reachable.is_empty() {
        return Ok(format!("{listening}: this machine only"));
    }
    Ok(format!(
        "{}; if other machines cannot open it, allow TCP port {} in this machine's firewall",
        reachable.join(", "),
        listening.port()
    ))
}

fn clock(now: SystemTime) -> Result<String, String> {
    match now.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) if since >= SANE_CLOCK => Ok(crate::domain::timestamp::rfc3339(
            crate::domain::timestamp::ms(now),
        )),
        _ => Err("the clock of this machine is wrong; set it, or logins will not work".into()),
    }
}

#[cfg(unix)]
fn disk(path: &Path) -> Result<String, String> {
    // The directory may not exist yet; its nearest parent lies on the same disk.
    let existing = path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() {
        Path::new(".")
    } else {
        existing
    };
    let space = rustix::fs::statvfs(existing).map_err(|error| format!("{}: {error}", existing.display()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let text = format!("{} MiB free", free >> 20);
    if free < LITTLE_SPACE {
        return Err(format!("{text}; make room before writes begin to fail"));
    }
    Ok(text)
}

#[cfg(not(unix))]
fn disk(_path: &Path) -> Result<String, String> {
    let _ = LITTLE_SPACE;
    Ok("not looked at on this system".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_without_battery_is_found() {
        assert!(clock(SystemTime::UNIX_EPOCH).is_err());
        assert!(clock(SystemTime::now()).is_ok());
    }

    #[test]
    fn a_taken_port_is_bad_unless_our_own_server_has_it() {
        let listener = listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(port(address, false).is_err());
        assert!(port(address, true).is_ok());
    }
}
