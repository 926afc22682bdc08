//! `comptoir doctor`: looks for what would keep the hub from working here, and says what to do.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    time::{Duration, SystemTime},
};

use serde::Serialize;

use super::{
    DataDir, Failure, Global,
    output::{say, say_json},
};
use crate::app::{banner, data_dir, listen};

/// Below this a full disk is near.
const LITTLE_SPACE: u64 = 1 << 30;

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
    detail: String,
}

pub fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let mut add = |what, found: Result<String, String>| {
        let ok = found.is_ok();
        let (Ok(detail) | Err(detail)) = found;
        findings.push(Finding { what, ok, detail });
    };
    match global.load() {
        Err(Failure::Failed(message) | Failure::Usage(message)) => add("configuration", Err(message)),
        Err(other) => return Err(other),
        Ok(loaded) => {
            let file = loaded.file.as_ref().map(|file| file.display().to_string());
            add("configuration", Ok(file.unwrap_or_else(|| "the defaults".into())));
            let running = running(&DataDir::open(&global.data, &loaded.config));
            add("data", data(&global.data, running));
            add("port", port(loaded.config.server.listen, running));
            add("address", address(loaded.config.server.listen));
        }
    }
    add("clock", clock(SystemTime::now()));
    add("disk", disk(&global.data));
    let good = findings.iter().all(|finding| finding.ok);
    if args.json {
        say_json(&findings)?;
    } else {
        for Finding { what, ok, detail } in &findings {
            say(format_args!(
                "{}  {what:<14} {detail}",
                if *ok { "ok " } else { "BAD" }
            ))?;
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
