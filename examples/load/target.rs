//! The servers under test: started here, on loopback, with a data directory of their own.

use std::{
    fs::File,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::{Failure, wire::Dialect};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Hub,
    Express,
    SocketIo,
    /// The lower bound: this program again, writing ready-made frames to raw sockets.
    Raw,
}

impl Which {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Express => "express",
            Self::SocketIo => "socketio",
            Self::Raw => "raw frames",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Hub, Self::Express, Self::SocketIo, Self::Raw]
            .into_iter()
            .find(|which| which.name().split(' ').next() == Some(name))
    }
}

/// Where the programs are and how they are set.
#[derive(Debug, Clone)]
pub struct Programs {
    pub hub: PathBuf,
    /// The project's `benches` directory.
    pub benches: PathBuf,
    /// `FULL` or `NORMAL`, for the peers; the hub is always FULL.
    pub sync: String,
    /// Where data directories are made; `None`: the system's temporary directory.
    pub scratch: Option<PathBuf>,
    /// Settings of this scenario's hub.
    pub env: Vec<(&'static str, &'static str)>,
}

impl Programs {
    /// Whether this server can be started here.
    pub fn has(&self, which: Which) -> bool {
        match which {
            Which::Hub => self.hub.is_file(),
            Which::Express => node_present() && self.benches.join("peers/express/node_modules").is_dir(),
            Which::SocketIo => {
                self.has(Which::Express) && self.benches.join("peers/socketio/node_modules").is_dir()
            }
            Which::Raw => true,
        }
    }

    pub fn scratch(&self) -> std::io::Result<TempDir> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("comptoir-load-");
        match &self.scratch {
            Some(dir) => builder.tempdir_in(dir),
            None => builder.tempdir(),
        }
    }

    fn command(&self, which: Which, data: &Path, port: u16) -> Result<Command, Failure> {
        let mut command = match which {
            Which::Hub => {
                let mut hub = Command::new(&self.hub);
                hub.args(["serve", "--demo", "--app"])
                    .arg(self.benches.join("packs/bench"));
                hub.arg("--data")
                    .arg(data)
                    .arg("--listen")
                    .arg(format!("127.0.0.1:{port}"));
                // The limits protect a shop from one terminal; here one client is the whole load.
                hub.env("COMPTOIR_LIMITS__REQUESTS_PER_SECOND", "1000000")
                    .env("COMPTOIR_LIMITS__BURST", "1000000")
                    .env("COMPTOIR_LIMITS__PIPELINE", "256")
                    .env("COMPTOIR_LOG__LEVEL", "warn")
                    .envs(self.env.iter().copied());
                hub
            }
            Which::Express | Which::SocketIo => {
                let mut node = Command::new("node");
                node.arg(self.benches.join("peers").join(which.name()).join("server.js"));
                node.arg("--port").arg(port.to_string()).arg("--data").arg(data);
                node.arg("--sync").arg(&self.sync).env("NODE_ENV", "production");
                node
            }
            Which::Raw => {
                let mut own = Command::new(std::env::current_exe()?);
                own.arg("raw-writer").arg("--port").arg(port.to_string());
                own
            }
        };
        let log = File::options()
            .create(true)
            .append(true)
            .open(data.join("server.log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }
}

fn node_present() -> bool {
    Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A running server. Dropped: killed, its data removed.
pub struct Target {
    pub which: Which,
    pub port: u16,
    programs: Programs,
    child: Child,
    dir: TempDir,
}

impl Target {
    pub fn start(which: Which, programs: &Programs) -> Result<Self, Failure> {
        let dir = programs.scratch()?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let child = programs.command(which, dir.path(), port)?.spawn()?;
        let mut target = Self {
            which,
            port,
            programs: programs.clone(),
            child,
            dir,
        };
        target.wait_until_ready()?;
        Ok(target)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub const fn dialect(&self) -> Dialect {
        match self.which {
            Which::SocketIo => Dialect::SocketIo,
            _ => Dialect::Plain,
        }
    }

    /// Kills it, changes what is in `hub.db`, starts it again.
    pub fn refill(&mut self, fill: impl FnOnce(&Connection) -> rusqlite::Result<()>) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        let db = Connection::open(self.dir.path().join("hub.db"))?;
        db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN")?;
        fill(&db)?;
        db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")?;
        drop(db);
        self.kill_and_restart().map(drop)
    }

    /// kill -9, and the same server again on the same data and port. Returns when it accepts.
    pub fn kill_and_restart(&mut self) -> Result<Duration, Failure> {
        self.child.kill()?;
        self.child.wait()?;
        let at = Instant::now();
        self.child = self
            .programs
            .command(self.which, self.dir.path(), self.port)?
            .spawn()?;
        self.wait_until_ready()?;
        Ok(at.elapsed())
    }

    fn wait_until_ready(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{} ended with {status}: {}", self.which.name(), self.log_tail()).into());
            }
            if self.is_ready() {
                return Ok(());
            }
            // Another process says nothing when it begins to listen: ask again.
            #[expect(clippy::disallowed_methods, reason = "polls another process, with a deadline")]
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(format!(
            "{} did not listen in time: {}",
            self.which.name(),
            self.log_tail()
        )
        .into())
    }

    /// The hub says when it is ready; the others are when they accept.
    fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
            return false;
        };
        if self.which != Which::Hub {
            return true;
        }
        let asked = format!(
            "GET /api/health/ready HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
            self.port
        );
        let mut answer = [0; 12];
        stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
            && stream.write_all(asked.as_bytes()).is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && answer.ends_with(b" 200")
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(self.dir.path().join("server.log")).unwrap_or_default();
        log.lines().rev().take(5).collect::<Vec<_>>().join(" | ")
    }

    /// Logs in as the demo user who may write; the token.
    pub fn login(&self) -> Result<String, Failure> {
        if self.which == Which::Raw {
            return Ok(String::new());
        }
        login(self.port, "writer")
    }
}

/// One login over HTTP, blocking.
pub fn login(port: u16, username: &str) -> Result<String, Failure> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into();
    let answer: serde_json::Value = agent
        .post(format!("http://127.0.0.1:{port}/api/auth"))
        .send_json(serde_json::json!({"username": username, "password": "demo"}))?
        .body_mut()
        .read_json()?;
    Ok(answer["token"]
        .as_str()
        .ok_or("no token in the answer")?
        .to_owned())
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
