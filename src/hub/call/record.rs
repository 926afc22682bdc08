//! Writes the record of a call, in order, behind what it tells of.

use bytes::Bytes;

use crate::{
    domain::call::{Call, Leaving, Number, Rung},
    executor::ledger::LedgerHandle,
    protocol::error::Result,
    store::hub::calls::{self, Participant, RungEnd, Standing},
};

/// Somebody is in. Like all of these: queued at once, durable when the future says so.
pub fn joined(
    ledger: &LedgerHandle,
    call: &Call<Bytes>,
    number: Number,
    now_ms: i64,
) -> impl Future<Output = Result<()>> + 'static {
    let participant = call.seat(number).map(|seat| Participant {
        call_id: call.id,
        number: number.into(),
        user_id: seat.who.user_id(),
        name: seat.who.name().to_string(),
        joined_at_ms: now_ms,
        left_at_ms: None,
        left_how: None,
    });
    ledger.write(move |tx| match &participant {
        Some(participant) => calls::joined(tx.conn, participant),
        None => Ok(()),
    })
}

pub fn left(
    ledger: &LedgerHandle,
    call_id: i64,
    number: Number,
    how: Leaving,
    now_ms: i64,
) -> impl Future<Output = Result<()>> + 'static {
    ledger.write(move |tx| calls::left(tx.conn, call_id, number.into(), now_ms, how.as_str()))
}

/// How the call stands now; once it is over, its room is told from this.
pub fn standing(ledger: &LedgerHandle, call: &Call<Bytes>) -> impl Future<Output = Result<()>> + 'static {
    let id = call.id;
    let standing = Standing {
        state: call.state.as_str().to_owned(),
        reason: call.reason.map(|r| r.as_str().to_owned()),
        started_at_ms: call.started_ms,
        ended_at_ms: call.ended_ms,
    };
    let rung = call.state.is_over().then(|| {
        let who = |wanted: Rung| {
            let all = call.rung().filter(move |(_, how)| *how == wanted);
            all.map(|(person, _)| person.id).collect()
        };
        RungEnd {
            missed: who(Rung::Missed),
            declined: who(Rung::Declined),
        }
    });
    ledger.write(move |tx| calls::set_standing(tx.conn, id, &standing, rung.as_ref()))
}

/// Nobody waits for it, but a failure is worth a line.
pub fn keep(written: impl Future<Output = Result<()>> + 'static) {
    actix::spawn(async move {
        if let Err(error) = written.await {
            tracing::error!(%error, "the record of a call could not be written");
        }
    });
}
