//! What a process costs, from /proc: processor time and memory.

use std::{fs, time::Duration};

/// Processor time (user and system, all threads, also those that ended) of a process.
pub fn cpu(pid: u32) -> Duration {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return Duration::ZERO;
    };
    // The command's name may hold spaces: fields are counted after its closing parenthesis.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Resident memory of a process, bytes.
pub fn rss(pid: u32) -> u64 {
    fs::read_to_string(format!("/proc/{pid}/status"))
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        })
        .map_or(0, |kib| kib * 1024)
}

/// Lifts the soft limit of open files to the hard one; what it is now.
pub fn raise_open_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.or(Some(1 << 20));
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: wanted,
            maximum: limit.maximum,
        },
    );
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// One line about the machine.
pub fn machine() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{cores} cores, {}, Linux {}",
        model.unwrap_or_else(|| "unknown processor".into()),
        kernel.trim()
    )
}

/// Processor time of a process between two moments.
pub struct Meter {
    pid: u32,
    start: Duration,
    own_start: Duration,
    at: std::time::Instant,
}

/// What [`Meter::stop`] found.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub elapsed: Duration,
    pub server: Duration,
    pub generator: Duration,
}

impl Meter {
    pub fn start(pid: u32) -> Self {
        Self {
            pid,
            start: cpu(pid),
            own_start: cpu(std::process::id()),
            at: std::time::Instant::now(),
        }
    }

    pub fn stop(&self) -> Cost {
        Cost {
            elapsed: self.at.elapsed(),
            server: cpu(self.pid).saturating_sub(self.start),
            generator: cpu(std::process::id()).saturating_sub(self.own_start),
        }
    }
}

impl Cost {
    /// Server processor time per operation, microseconds.
    pub fn per_op_us(&self, operations: u64) -> f64 {
        self.server.as_secs_f64() * 1e6 / operations.max(1) as f64
    }

    /// Cores the generator itself kept busy, percent of one.
    pub fn generator_percent(&self) -> f64 {
        100.0 * self.generator.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Cores the server kept busy, percent of one.
    pub fn server_percent(&self) -> f64 {
        100.0 * self.server.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9)
    }
}
