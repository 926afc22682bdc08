//! Terminals that are there and are not: frozen, or behind a cable that was pulled.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use super::books::line;
use crate::support::{
    Hub, eventually,
    isolated::{ran, with_own_network},
    within,
};

/// A connection of the hub, as the kernel has it.
#[derive(Debug)]
struct Connection {
    peer_port: u16,
    /// Bytes that the kernel holds for the peer.
    unsent: u64,
}

/// The hub's side of every connection that is open or still holds memory.
fn connections(hub: &Hub) -> Vec<Connection> {
    let port = format!(":{:04X}", hub.addr().port());
    let table = fs::read_to_string(format!("/proc/{}/net/tcp", hub.pid())).unwrap();
    let rows = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| row[1].ends_with(&port))
        // 0A is the listening socket; 06 has nothing left but its name.
        .filter(|row| row[3] != "0A" && row[3] != "06")
        .map(|row| Connection {
            peer_port: u16::from_str_radix(row[2].split(':').nth(1).unwrap(), 16).unwrap(),
            unsent: u64::from_str_radix(row[4].split(':').next().unwrap(), 16).unwrap(),
        })
        .collect()
}

#[test]
fn a_terminal_whose_cable_was_pulled_is_found_within_two_and_a_half_heartbeats() {
    with_own_network(|| {
        let hub = Hub::with().env("SERVER__HEARTBEAT_MS", 1_000).start();
        let (awa, caro) = (hub.socket("awa"), hub.socket("caro"));
        let ports = [awa, caro].map(|mut socket| {
            let port = socket.ws().get_ref().local_addr().unwrap().port();
            (socket, port)
        });
        let open = |port: u16| connections(&hub).iter().any(|c| c.peer_port == port);
        assert!(ports.iter().all(|(_, port)| open(*port)));
        assert!(ran(&["ip", "link", "set", "lo", "down"]));
        let began = Instant::now();
        within(
            Duration::from_secs(8),
            "the hub gives them up, and the kernel too",
            || (!ports.iter().any(|(_, port)| open(*port))).then_some(()),
        );
        assert!(
            began.elapsed() > Duration::from_millis(1_200),
            "not before their time"
        );
        assert!(ran(&["ip", "link", "set", "lo", "up"]));
        let sessions = hub.as_user("admin").get("/api/admin/sessions").ok();
        assert_eq!(
            sessions["sessions"]
                .as_array()
                .or(sessions.as_array())
                .unwrap()
                .len(),
            0,
            "{sessions}"
        );
        line(&mut hub.socket("awa"), "de retour");
    });
}

/// A terminal in a process of its own, which reads what comes and says nothing.
struct Terminal(Child);

impl Terminal {
    /// `None`, with the reason printed, where there is no bash.
    fn start(hub: &Hub, path: &str, headers: &str, token: &str) -> Option<Self> {
        let script =
            "exec 3<>/dev/tcp/127.0.0.1/$PORT; printf '%b' \"$REQUEST\" >&3; exec cat <&3 >/dev/null";
        let request = format!(
            "GET {path} HTTP/1.1\\r\\nHost: {}\\r\\nAuthorization: Bearer {token}\\r\\n{headers}\\r\\n",
            hub.addr()
        );
        let started = Command::new("bash")
            .args(["-c", script])
            .env("PORT", hub.addr().port().to_string())
            .env("REQUEST", request)
            .stdin(Stdio::null())
            .spawn();
        started
            .inspect_err(|cause| eprintln!("skipped: there is no bash ({cause})"))
            .ok()
            .map(Self)
    }

    fn freeze(&self) {
        let pid = rustix::process::Pid::from_raw(self.0.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const UPGRADE: &str = "Upgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Version: 13\\r\\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n";

/// What one stopped terminal costs: the kernel comes to hold bytes for it, which are free again within `limit`,
/// and nobody else waits meanwhile.
fn is_given_up(path: &str, headers: &str, limit: Duration) {
    let hub = Hub::with()
        .unthrottled()
        .env("SERVER__HEARTBEAT_MS", 1_000)
        .start();
    let token = hub.token("caro");
    let admin = hub.as_user("admin");
    let mut awa = hub.socket_at("awa", "tables=couples");
    let is_there = || admin.get("/api/admin/sessions").text.contains("caro");
    is_there(); // its connection is one of those before
    let before: Vec<u16> = connections(&hub).iter().map(|c| c.peer_port).collect();
    let Some(terminal) = Terminal::start(&hub, path, headers, &token) else {
        return;
    };
    eventually("it is there", || is_there().then_some(()));
    terminal.freeze();
    let insert =
        "INSERT INTO ventes(produit_id, quantite, note) VALUES (1, 1, ? || (SELECT count(*) FROM ventes))";
    let text = "x".repeat(100_000);
    let held = eventually("the kernel holds what it does not read", || {
        awa.query(insert, json!([text])).unwrap();
        let mut all = connections(&hub).into_iter();
        all.find(|c| !before.contains(&c.peer_port) && c.unsent > 100_000)
    });
    within(limit, "it is given up, and the memory is free", || {
        let began = Instant::now();
        line(&mut awa, "x");
        assert!(began.elapsed() < Duration::from_secs(2), "others wait for it");
        (!connections(&hub).iter().any(|c| c.peer_port == held.peer_port)).then_some(())
    });
    assert!(!is_there());
}

#[test]
fn a_frozen_terminal_is_given_up_and_the_kernel_holds_nothing_for_it() {
    is_given_up("/ws", UPGRADE, Duration::from_secs(8));
}

/// Its answer is actix's: the kernel's own limit (`TCP_USER_TIMEOUT`) ends it, half a minute after it stopped reading.
#[test]
fn a_frozen_stream_is_given_up_and_the_kernel_holds_nothing_for_it() {
    is_given_up(
        "/api/events",
        "Accept: text/event-stream\\r\\n",
        Duration::from_secs(45),
    );
}
