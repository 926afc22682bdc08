//! What a transport holds of its session.

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use actix::prelude::*;

use crate::{
    domain::Principal,
    hub::{call::GuestPass, outbox::Outbox},
    protocol::error::{Code, Error, Result},
};

use super::{
    actor::Session,
    context::Worker,
    guest::GuestSession,
    messages::{BinaryReceived, Incoming, Stop},
};

/// `?since=&tables=&echo=` of a socket or stream.
#[derive(Debug, Clone, Default)]
pub struct StreamQuery {
    pub since: Option<String>,
    /// `None`: all tables that the role may read.
    pub tables: Option<Vec<String>>,
    /// Leaves out live changes made by this very session.
    pub no_echo: bool,
}

/// Everything known of a connection when its session begins.
pub struct Opening {
    pub who: Principal,
    /// Expiry of its token, milliseconds since 1970.
    pub expires_ms: i64,
    pub address: IpAddr,
    pub user_agent: String,
    /// `websocket`, `sse` or `poll`.
    pub transport: &'static str,
    pub query: StreamQuery,
}

/// The same of a guest's connection.
pub struct GuestOpening {
    pub pass: GuestPass,
    pub address: IpAddr,
    pub user_agent: String,
}

impl Opening {
    /// What must hold before a session begins: the password is set, the tables may be read.
    pub fn check(&self, worker: &Worker) -> Result<()> {
        if self.who.must_change_password {
            return Err(Error::of(Code::PasswordChangeRequired));
        }
        let schema = worker.ctx.executor.schema();
        for table in self.query.tables.iter().flatten() {
            super::requests::subscribe::readable(&schema, &self.who.role, table)?;
        }
        Ok(())
    }
}

/// Ready when the session took a message up.
pub type Taking = Pin<Box<dyn Future<Output = ()>>>;

/// A running session; the transport that holds it says [`SessionHandle::stop`] when it ends.
pub struct SessionHandle {
    actor: Held,
    outbox: Arc<Outbox>,
}

/// Whose session it is.
enum Held {
    User(Addr<Session>),
    Guest(Addr<GuestSession>),
}

impl SessionHandle {
    /// Starts a session on the current arbiter. [`Opening::check`] was done.
    pub fn open(worker: Worker, opening: Opening) -> Self {
        let outbox = Arc::new(Outbox::new(worker.ctx.limits.outbox_bytes));
        let addr = Session::new(worker, opening, outbox.clone()).start();
        Self {
            actor: Held::User(addr),
            outbox,
        }
    }

    /// Starts the session of a guest.
    pub fn open_guest(worker: Worker, opening: GuestOpening) -> Self {
        let outbox = Arc::new(Outbox::new(worker.ctx.limits.outbox_bytes));
        let addr = GuestSession::new(worker, opening, outbox.clone()).start();
        Self {
            actor: Held::Guest(addr),
            outbox,
        }
    }

    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Hands over a text message; the future is ready when the next may come.
    pub fn text(&self, text: String) -> Taking {
        match &self.actor {
            Held::User(addr) => taking(addr.send(Incoming(text))),
            Held::Guest(addr) => taking(addr.send(Incoming(text))),
        }
    }

    /// Reports a binary message.
    pub fn binary(&self) -> Taking {
        match &self.actor {
            Held::User(addr) => taking(addr.send(BinaryReceived)),
            Held::Guest(addr) => taking(addr.send(BinaryReceived)),
        }
    }

    /// The transport is gone.
    #[allow(clippy::disallowed_methods)] // one for each session, and it must not be lost
    pub fn stop(&self) {
        self.outbox.shut();
        match &self.actor {
            // One for each session, and it must not be lost.
            Held::User(addr) => addr.do_send(Stop),
            Held::Guest(addr) => addr.do_send(Stop),
        }
    }
}

/// A session that is gone closes its outbox, which is how the socket hears of it.
fn taking(sent: impl Future<Output = Result<(), MailboxError>> + 'static) -> Taking {
    Box::pin(async move {
        let _ = sent.await;
    })
}
