//! A hub in its own process, with its own data directory. Killed on drop; its log is shown where a test fails.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Client, PATIENCE, Socket, eventually, http, within};

pub const BIN: &str = env!("CARGO_BIN_EXE_comptoir");

/// The pack that most tests run on.
pub fn shop_pack() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/shop")
}

/// How a hub is to be started.
#[derive(Clone)]
pub struct Setup {
    demo: bool,
    app: Option<PathBuf>,
    port: u16,
    env: Vec<(String, String)>,
    args: Vec<String>,
    data: Option<PathBuf>,
}

impl Setup {
    /// An environment setting, `COMPTOIR_` left out: `env("LIMITS__MAX_ROWS", 10)`.
    pub fn env(mut self, key: &str, value: impl ToString) -> Self {
        self.env.push((format!("COMPTOIR_{key}"), value.to_string()));
        self
    }

    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn app(mut self, dir: impl Into<PathBuf>) -> Self {
        self.app = Some(dir.into());
        self
    }

    pub fn no_app(mut self) -> Self {
        self.app = None;
        self
    }

    /// Without demo users and seed; `login_from` holds.
    pub fn no_demo(mut self) -> Self {
        self.demo = false;
        self
    }

    /// On an existing data directory, which is not removed afterwards.
    pub fn data(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data = Some(dir.into());
        self
    }

    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Limits that a test which writes as fast as it can does not run into.
    pub fn unthrottled(self) -> Self {
        self.env("LIMITS__REQUESTS_PER_SECOND", 1_000_000)
            .env("LIMITS__BURST", 1_000_000)
    }

    pub fn start(self) -> Hub {
        Hub::launch(self)
    }

    /// For starts that are to fail: what the process said, and its exit code.
    pub fn start_and_fail(self) -> (i32, String) {
        let home = TempDir::new().unwrap();
        let data = self.data.clone().unwrap_or_else(|| home.path().join("data"));
        let child = self.command(&data, self.port).spawn().unwrap();
        let output = super::cli::finish(child, Duration::from_secs(30));
        (output.code, format!("{}{}", output.stdout, output.stderr))
    }

    /// The process alone, for starts that are cut short. The caller ends it.
    pub fn spawn(self) -> Child {
        let data = self
            .data
            .clone()
            .expect("a start that is cut short leaves its directory");
        self.command(&data, self.port).spawn().unwrap()
    }

    fn command(&self, data: &Path, port: u16) -> Command {
        let mut command = Command::new(BIN);
        command.arg("serve");
        if self.demo {
            command.arg("--demo");
        }
        if let Some(app) = &self.app {
            command.arg("--app").arg(app);
        }
        command
            .arg("--data")
            .arg(data)
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .args(&self.args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        apply_env(&mut command, &self.env);
        command
    }
}

/// The environment of every process of the tests: nothing of the caller's settings, cheap passwords.
pub fn apply_env(command: &mut Command, env: &[(String, String)]) {
    for (key, _) in std::env::vars() {
        if key.starts_with("COMPTOIR_") {
            command.env_remove(key);
        }
    }
    command
        .env("COMPTOIR_AUTH__BCRYPT_COST", "4")
        // The console speaks the language of the machine; the tests read English.
        .env("LC_ALL", "C")
        .envs(env.iter().map(|(k, v)| (k, v)));
}

pub struct Hub {
    setup: Setup,
    child: Child,
    addr: SocketAddr,
    log: Arc<Mutex<String>>,
    data: PathBuf,
    // Declared last: removed after the process has gone.
    _home: Option<TempDir>,
}

impl Hub {
    /// The shop, seeded, with its demo users (password `demo`).
    pub fn start() -> Self {
        Self::with().start()
    }

    /// The shop, to be changed before it starts.
    pub fn with() -> Setup {
        Setup {
            demo: true,
            app: Some(shop_pack()),
            port: 0,
            env: Vec::new(),
            args: Vec::new(),
            data: None,
        }
    }

    fn launch(setup: Setup) -> Self {
        let (home, data) = match &setup.data {
            Some(dir) => (None, dir.clone()),
            None => {
                let home = TempDir::new().unwrap();
                let data = home.path().join("data");
                (Some(home), data)
            }
        };
        let log = Arc::new(Mutex::new(String::new()));
        let (child, addr) = spawn(&setup, &data, setup.port, &log);
        let hub = Self {
            setup,
            child,
            addr,
            log,
            data,
            _home: home,
        };
        hub.wait_until_ready();
        hub
    }

    fn wait_until_ready(&self) {
        eventually("the hub is ready", || {
            (self.client().try_get("/api/health/ready")?.status == 200).then_some(())
        });
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the process has written so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The business database, opened as another program would.
    pub fn data_db(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.data.join("data.db")).unwrap();
        db.busy_timeout(PATIENCE).unwrap();
        db
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// `kill -9`, and the next one in the same moment: nobody waits for the end of the first.
    pub fn kill_and_restart_at_once(&mut self) {
        self.child.kill().unwrap();
        let (child, addr) = spawn(&self.setup, &self.data, self.addr.port(), &self.log);
        let mut killed = std::mem::replace(&mut self.child, child);
        self.addr = addr;
        self.wait_until_ready();
        killed.wait().unwrap();
    }

    /// Starts again on the same directory and port.
    pub fn restart(&mut self) {
        let (child, addr) = spawn(&self.setup, &self.data, self.addr.port(), &self.log);
        self.child = child;
        self.addr = addr;
        self.wait_until_ready();
    }

    /// Starts again with another setup, on the same directory and port.
    pub fn restart_with(&mut self, change: impl FnOnce(Setup) -> Setup) {
        self.setup = change(self.setup.clone());
        self.restart();
    }

    /// Lets the system refuse whatever would make a file of the hub larger than so many bytes; needs no rights.
    pub fn limit_files(&self, bytes: Option<u64>) {
        use rustix::process::{Resource, Rlimit, prlimit};
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).unwrap();
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(pid), Resource::Fsize, limit).unwrap();
    }

    pub fn terminate(&mut self) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Waits for the process to end by itself.
    pub fn exit_within(&mut self, limit: Duration) -> ExitStatus {
        within(limit, "the hub exits", || self.child.try_wait().unwrap())
    }

    /// SIGTERM, and the end of it.
    pub fn stop(&mut self) {
        self.terminate();
        assert!(self.exit_within(Duration::from_secs(10)).success());
    }

    /// A command line beside the hub, on its data directory.
    pub fn cli(&self, args: &[&str]) -> super::cli::Output {
        self.cli_with_input(args, "")
    }

    pub fn cli_with_input(&self, args: &[&str], input: &str) -> super::cli::Output {
        let data = self.data.to_str().unwrap();
        let mut all = args.to_vec();
        all.extend(["--data", data]);
        super::cli::run(&all, input, &self.setup.env)
    }

    /// Takes a backup into a directory, and answers the file it made.
    pub fn backup(&self, dir: &Path) -> PathBuf {
        self.cli(&["backup", dir.to_str().unwrap()]).succeeded();
        let made: Vec<PathBuf> = std::fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(made.len(), 1, "one backup, and nothing beside it: {made:?}");
        made[0].clone()
    }

    /// Adds an account with the command line.
    pub fn add_user(&self, name: &str, role: &str, password: &str) {
        self.cli_with_input(
            &["user", "add", name, "--role", role, "--password-stdin"],
            password,
        )
        .succeeded();
    }

    /// An HTTP client without a token.
    pub fn client(&self) -> Client {
        Client::new(&self.url(""), None)
    }

    /// An HTTP client of a fresh login of a demo user.
    pub fn as_user(&self, name: &str) -> Client {
        Client::new(&self.url(""), Some(self.token(name)))
    }

    pub fn try_login(&self, name: &str, password: &str) -> http::Reply {
        self.client().post(
            "/api/auth",
            &serde_json::json!({"username": name, "password": password}),
        )
    }

    /// The whole answer to a login.
    pub fn login_with(&self, name: &str, password: &str) -> Value {
        let reply = self.try_login(name, password);
        assert_eq!(reply.status, 200, "login of {name}: {}", reply.text);
        reply.json()
    }

    pub fn login(&self, name: &str) -> Value {
        self.login_with(name, "demo")
    }

    pub fn token(&self, name: &str) -> String {
        self.login(name)["token"].as_str().unwrap().to_owned()
    }

    /// A socket of a fresh login of a demo user.
    pub fn socket(&self, name: &str) -> Socket {
        self.socket_at(name, "")
    }

    /// The same, with query parameters: `"since=…&tables=ventes"`.
    pub fn socket_at(&self, name: &str, query: &str) -> Socket {
        Socket::open(self.addr, &self.token(name), query)
    }

    pub fn socket_with_token(&self, token: &str, query: &str) -> Socket {
        Socket::open(self.addr, token, query)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the hub ---\n{}\n---", self.log());
        }
    }
}

fn spawn(setup: &Setup, data: &Path, port: u16, log: &Arc<Mutex<String>>) -> (Child, SocketAddr) {
    let mut child = setup.command(data, port).spawn().unwrap();
    let (found, addr) = mpsc::sync_channel(1);
    collect(child.stdout.take().unwrap(), log.clone(), Some(found));
    collect(child.stderr.take().unwrap(), log.clone(), None);
    let deadline = Instant::now() + Duration::from_secs(30);
    match addr.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(addr) => (child, addr),
        Err(_) => {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the hub printed no address:\n{}", log.lock().unwrap());
        }
    }
}

/// Keeps what the process writes, and finds the address in its banner.
fn collect(
    from: impl Read + Send + 'static,
    log: Arc<Mutex<String>>,
    found: Option<mpsc::SyncSender<SocketAddr>>,
) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let (Some(found), Some(addr)) = (&found, address_in(&line)) {
                found.try_send(addr).ok();
            }
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let rest = line.split("http://127.0.0.1:").nth(1)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let port: u16 = digits.parse().ok().filter(|port| *port != 0)?;
    Some(SocketAddr::from(([127, 0, 0, 1], port)))
}
