//! The listening socket. Its options are inherited by every accepted socket on Linux, so they are set
//! once, here, and need no way through the HTTP stack.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 1024;

/// The kernel's send buffer of one socket, bytes. Bounded: what a stopped reader holds up is the hub's
/// outbox, which is counted, and this.
const SEND_BUFFER: usize = 256 * 1024;

/// How long sent bytes may stay unacknowledged before the kernel gives the connection up.
#[cfg(any(target_os = "linux", target_os = "android"))]
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Why an address cannot be listened on, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("port {port} is taken{}; choose another with --listen", .holder.as_ref().map(|h| format!(" by {h}")).unwrap_or_default())]
    Taken { port: u16, holder: Option<String> },
    #[error("this machine has no address {0}; choose one of its own with --listen (0.0.0.0: all of them)")]
    NotOurs(std::net::IpAddr),
    #[error("port {0} needs more rights than this user has; choose one above 1023 with --listen")]
    Denied(u16),
    #[error("cannot listen on {address}: {cause}; choose another with --listen")]
    Other { address: SocketAddr, cause: io::Error },
}

/// How long a taken port may still be in the hands of a hub that is ending.
const PATIENCE: Duration = Duration::from_millis(500);

/// Binds and listens on `address`; port 0 takes any free one.
///
/// # Errors
/// Says who holds the port where that can be found out.
#[allow(clippy::disallowed_methods)] // nothing tells of a port that another process lets go of
pub fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    let deadline = Instant::now() + PATIENCE;
    let opened = loop {
        match open(address) {
            Err(cause) if cause.kind() == io::ErrorKind::AddrInUse && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => break opened,
        }
    };
    opened.map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => Error::Taken {
            port: address.port(),
            holder: holder_of(address.port()),
        },
        io::ErrorKind::AddrNotAvailable => Error::NotOurs(address.ip()),
        io::ErrorKind::PermissionDenied => Error::Denied(address.port()),
        _ => Error::Other { address, cause },
    })
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On Unix: lets a restarted hub listen while old connections linger. On Windows the same option
    // would let a second program steal the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// `NAME (pid N)` of the process that listens on `port`, as far as `/proc` lets this user see.
#[cfg(target_os = "linux")]
pub fn holder_of(port: u16) -> Option<String> {
    let inodes = listening_inodes(port);
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue;
        };
        let Ok(open_files) = std::fs::read_dir(entry.path().join("fd")) else {
            continue;
        };
        let holds = open_files
            .flatten()
            .filter_map(|file| std::fs::read_link(file.path()).ok())
            .any(|link| inodes.iter().any(|inode| link.as_os_str() == inode.as_str()));
        if holds {
            let name = std::fs::read_to_string(entry.path().join("comm")).ok()?;
            return Some(format!("{} (pid {pid})", name.trim()));
        }
    }
    None
}

/// Elsewhere the name is not to be had without more rights or more dependencies.
#[cfg(not(target_os = "linux"))]
pub fn holder_of(_port: u16) -> Option<String> {
    None
}

/// `socket:[inode]` of every listener on `port`.
#[cfg(target_os = "linux")]
fn listening_inodes(port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .flat_map(|table| {
            table
                .lines()
                .skip(1)
                .filter_map(|line| {
                    let columns: Vec<&str> = line.split_whitespace().collect();
                    let (_, hex) = columns.get(1)?.rsplit_once(':')?;
                    let same = u16::from_str_radix(hex, 16).ok()? == port && *columns.get(3)? == LISTEN;
                    same.then(|| columns.get(9).map(|inode| format!("socket:[{inode}]")))?
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Raises the number of files this process may open to what the system allows: a socket is a file, and
/// the usual soft limit of 1,024 is fewer than a hub may hold. Answers the limit now, where it is known.
#[cfg(unix)]
pub fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// Elsewhere there is no such limit.
#[cfg(not(unix))]
pub fn raise_open_files() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    #[test]
    fn a_taken_port_is_reported_with_its_holder_and_a_way_out() {
        let listener = bind(ANY).unwrap();
        let address = listener.local_addr().unwrap();
        let message = bind(address).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("port {} is taken", address.port())),
            "{message}"
        );
        assert!(message.ends_with("choose another with --listen"), "{message}");
        if cfg!(target_os = "linux") {
            let own = format!("(pid {})", std::process::id());
            assert!(message.contains(&own), "{message}");
        }
    }

    #[test]
    fn an_address_of_another_machine_is_refused_in_words() {
        let message = bind(SocketAddr::from(([192, 0, 2, 1], 0)))
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("this machine has no address 192.0.2.1"),
            "{message}"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn accepted_sockets_inherit_the_options() {
        let listener = bind(ANY).unwrap();
        listener.set_nonblocking(false).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let accepted = socket2::SockRef::from(&accepted);
        assert!(accepted.tcp_nodelay().unwrap());
        assert_eq!(accepted.tcp_user_timeout().unwrap(), Some(USER_TIMEOUT));
        // Linux doubles what it is given, for its own bookkeeping.
        assert!(accepted.send_buffer_size().unwrap() <= 2 * SEND_BUFFER);
    }

    #[cfg(unix)]
    #[test]
    fn the_open_file_limit_is_raised_to_the_hard_one() {
        let limit = raise_open_files();
        let now = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(limit, now.current);
        assert_eq!(now.current, now.maximum);
    }
}
