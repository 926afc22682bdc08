//! The command line, run to its end.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use super::{hub, within};

#[derive(Debug)]
pub struct Output {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    #[track_caller]
    pub fn failed_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

pub fn run(args: &[&str], input: &str, env: &[(String, String)]) -> Output {
    let mut command = Command::new(hub::BIN);
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    hub::apply_env(&mut command, env);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its arguments ends before it reads.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    finish(child, Duration::from_secs(60))
}

/// Waits for the end, reading both outputs meanwhile.
pub fn finish(mut child: Child, limit: Duration) -> Output {
    fn drain(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }
    let stdout = drain(child.stdout.take().unwrap());
    let stderr = drain(child.stderr.take().unwrap());
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        within(limit, "the command ends", || child.try_wait().unwrap())
    }));
    let status = match ended {
        Ok(status) => status,
        Err(late) => {
            let _ = child.kill();
            let _ = child.wait();
            eprintln!("{}{}", stdout.join().unwrap(), stderr.join().unwrap());
            std::panic::resume_unwind(late);
        }
    };
    Output {
        code: status.code().unwrap_or(-1),
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}
