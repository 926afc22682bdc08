//! Rooms are woken when they are asked something, and again where they fell asleep or broke off meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix::{Addr, Handler, Message, prelude::*};
use tokio::sync::Mutex;

use super::{
    Parts, RoomsHandle,
    actor::{Loaded, RoomActor},
    handle::WAKING,
};
use crate::protocol::error::{Code, Error, Result};

/// How long a room may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// A room that went to sleep or panicked is woken again, so often.
const TRIES: usize = 3;

/// A room in use.
pub(super) struct Awake {
    addr: Addr<RoomActor>,
    fell_asleep: Arc<AtomicBool>,
}

impl Awake {
    /// It ended, and not because nobody needed it.
    fn broke_off(&self) -> bool {
        !self.addr.connected() && !self.fell_asleep.load(Ordering::Acquire)
    }
}

impl RoomsHandle {
    /// Rooms awake now.
    pub fn awake(&self) -> usize {
        let awake = self.awake.read();
        awake.values().filter(|room| room.addr.connected()).count()
    }

    fn known(&self, id: i64) -> Option<Addr<RoomActor>> {
        let awake = self.awake.read();
        let room = awake.get(&id).filter(|room| room.addr.connected())?;
        Some(room.addr.clone())
    }

    fn waking(&self, id: i64) -> &Mutex<()> {
        &self.waking[usize::from(id.to_le_bytes()[0]) % WAKING]
    }

    /// The room, where it is awake; one that is being woken has read what was stored before this call, or is waited for.
    pub(super) async fn if_awake(&self, id: i64) -> Option<Addr<RoomActor>> {
        let _waking = self.waking(id).lock().await;
        self.known(id)
    }

    async fn wake(&self, id: i64) -> Result<Addr<RoomActor>> {
        if let Some(room) = self.known(id) {
            return Ok(room);
        }
        let _waking = self.waking(id).lock().await;
        if let Some(room) = self.known(id) {
            return Ok(room);
        }
        let loaded = self
            .parts
            .ledger
            // Behind whatever an actor before this one has handed over.
            .write(move |tx| Loaded::load(tx.conn, id))
            .await?;
        let loaded = loaded.ok_or_else(|| Error::of(Code::NotFound))?;
        let parts = Parts::clone(&self.parts);
        let fell_asleep = Arc::<AtomicBool>::default();
        let mut awake = self.awake.write();
        let takes_over = awake.get(&id).is_some_and(Awake::broke_off);
        if takes_over {
            tracing::warn!(room = id, "a room broke off and was rebuilt");
        }
        let told = fell_asleep.clone();
        let addr = RoomActor::start_in_arbiter(&self.arbiter.handle(), move |_| {
            RoomActor::new(parts, loaded, takes_over, told)
        });
        awake.retain(|_, room| room.addr.connected() || room.broke_off());
        let room = Awake {
            addr: addr.clone(),
            fell_asleep,
        };
        awake.insert(id, room);
        Ok(addr)
    }

    pub(super) async fn ask<M, T>(&self, id: i64, message: impl Fn() -> M) -> Result<T>
    where
        M: Message<Result = Result<T>> + Send + 'static,
        T: Send + 'static,
        RoomActor: Handler<M>,
    {
        for _ in 0..TRIES {
            let room = self.wake(id).await?;
            match tokio::time::timeout(PATIENCE, room.send(message())).await {
                Ok(Ok(answer)) => return answer,
                // It fell asleep or panicked: what was asked was not done, or is found again by its client_id.
                Ok(Err(MailboxError::Closed)) => {}
                Ok(Err(MailboxError::Timeout)) | Err(_) => return Err(Error::of(Code::Timeout)),
            }
        }
        Err(Error::internal("a room does not stay awake"))
    }
}
