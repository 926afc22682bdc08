//! `comptoir serve`: reads the configuration, claims the data directory and the port, and hands over
//! to [`crate::app::serve`].

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use super::{DataDir, Failure, Global};
use crate::{
    app::{
        listen,
        serve::{Ended, Prepared},
        setup::backup_place,
    },
    config::{Config, Loaded},
    telemetry,
};

/// What a hub that was killed, or is in the last steps of stopping, may take to let go of the data directory.
const ENDING: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The app pack to serve: its directory, or the name of one that ships (shop, clinic, records, telemedicine)
    /// [default: the one that the data directory remembers]
    #[arg(long, value_name = "DIR")]
    app: Option<PathBuf>,
    /// Address and port [default: 0.0.0.0:8080, with --demo 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Try it out: the shop with sample data and demo users, on this machine only
    #[arg(long)]
    demo: bool,
}

pub fn run(args: Args, global: &Global) -> Result<(), Failure> {
    let loaded = global.load()?;
    let mut backup_file = backup_place::file(&loaded, &global.data);
    let mut config = effective(loaded, &args)?;
    telemetry::init(config.log.format, &config.log.level).map_err(Failure::failed)?;
    let mut dir = DataDir::create(&global.data, &config)?;
    let mut lock = dir.lock_within(ENDING)?;
    dir.ensure_not_half_restored()?;
    // The port before the databases: whoever asks for a taken one gets that answer, and no half-made data.
    let mut listener = listen::bind(config.server.listen)?;
    dir.settle_demo(args.demo, config.server.listen.ip().is_loopback())?;
    if dir.is_demo() && !args.demo {
        tracing::warn!(data = %dir.root().display(), "the data of a demo, whose passwords everybody knows, is served without --demo");
    }
    lock.note_listening(listener.local_addr()?)?;
    if let Some(limit) = listen::raise_open_files() {
        tracing::debug!(limit, "open files");
    }
    loop {
        let address = listener.local_addr()?;
        let ended = crate::app::serve::run(Prepared {
            config,
            dir,
            listener,
            app: args.app.clone(),
            demo: args.demo,
            backup_file,
        })?;
        if ended == Ended::Stopped {
            return Ok(());
        }
        // Set up: with what was decided, at the same address.
        let loaded = global.load()?;
        backup_file = backup_place::file(&loaded, &global.data);
        config = effective(loaded, &args)?;
        dir = DataDir::create(&global.data, &config)?;
        listener = listen::bind(address)?;
    }
}

/// The configuration with the command line on top.
fn effective(loaded: Loaded, args: &Args) -> Result<Config, Failure> {
    let listen_is_set = loaded.is_set("server.listen");
    let mut config = loaded.config;
    if let Some(listen) = args.listen {
        config.server.listen = listen;
    } else if args.demo && !listen_is_set {
        config.server.listen.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    if args.demo {
        if !config.server.listen.ip().is_loopback() {
            return Err(Failure::usage(format!(
                "--demo has users with known passwords and listens on this machine only, not on {}; choose a port with --listen 127.0.0.1:PORT",
                config.server.listen
            )));
        }
        config.auth.login_from_anywhere = true;
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(listen: Option<&str>, demo: bool) -> Args {
        Args {
            app: None,
            listen: listen.map(|text| text.parse().unwrap()),
            demo,
        }
    }

    #[test]
    fn a_demo_listens_on_loopback_and_lifts_the_places() {
        let config = effective(Loaded::default(), &args(None, true)).unwrap();
        assert_eq!(config.server.listen, "127.0.0.1:8080".parse().unwrap());
        assert!(config.auth.login_from_anywhere);
        let config = effective(Loaded::default(), &args(Some("127.0.0.1:0"), true)).unwrap();
        assert_eq!(config.server.listen.port(), 0);
    }

    #[test]
    fn a_demo_refuses_to_be_public() {
        let failure = effective(Loaded::default(), &args(Some("0.0.0.0:8080"), true)).unwrap_err();
        assert!(matches!(failure, Failure::Usage(_)));
    }

    #[test]
    fn the_command_line_wins() {
        let config = effective(Loaded::default(), &args(Some("127.0.0.2:1"), false)).unwrap();
        assert_eq!(config.server.listen, "127.0.0.2:1".parse().unwrap());
        assert!(!config.auth.login_from_anywhere);
    }
}
