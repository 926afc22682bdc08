use std::sync::Arc;

use actix::prelude::*;
use uuid::Uuid;

use super::{
    actor::{CallActor, Panic},
    messages::{GuestArrives, GuestJoins},
    shared::{Live, Shared},
};
use crate::{
    config,
    domain::call::{Bounds, Call, Kind, Opening, Person, Socket},
    executor::ledger::LedgerHandle,
    hub::{feed, outbox::Outbox},
    store::hub::HubStore,
    telemetry::Metrics,
};

fn start(shared: &Arc<Shared>, id: i64) -> Addr<CallActor> {
    let call = Call::open(
        Opening {
            id,
            room: 1,
            host: Person {
                id: 1,
                name: "host".into(),
            },
            kind: Kind::AudioVideo,
            has_code: true,
            others: Vec::new(),
            bounds: Bounds {
                ring_ms: 60_000,
                seat_ms: 60_000,
                lifetime_ms: 60_000,
                participants: 4,
            },
        },
        crate::domain::timestamp::now_ms(),
    );
    let addr = CallActor::new(call, shared.clone()).start();
    let live = Live {
        addr: addr.clone(),
        room: 1,
        host: 1,
        code: None,
        expires_ms: i64::MAX,
    };
    shared.live.write().insert(id, live);
    addr
}

#[actix_web::test]
async fn a_panic_ends_its_own_call_alone_and_everybody_in_it_hears() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = Metrics::new().unwrap();
    let (handle, inbox) = feed::channel();
    let store = HubStore::open_in(dir.path()).unwrap();
    let ledger = LedgerHandle::start(
        store,
        config::Changes::default(),
        metrics.clone(),
        Box::new(|_| {}),
    )
    .unwrap();
    drop(inbox); // nobody of the feed listens here
    let shared = Arc::new(Shared::new(
        config::Calls::default(),
        &[7; 32],
        handle,
        ledger,
        metrics.clone(),
    ));
    let (broken, sound) = (start(&shared, 1), start(&shared, 2));
    let socket = Socket {
        id: Uuid::new_v4(),
        login: Uuid::new_v4(),
    };
    let joins = GuestJoins {
        name: "guest".into(),
        login: socket.login,
    };
    let number = broken.send(joins).await.unwrap().unwrap();
    let outbox = Arc::new(Outbox::new(1 << 20));
    let arrives = GuestArrives {
        number,
        socket,
        outbox: outbox.clone(),
    };
    broken.send(arrives).await.unwrap().unwrap();
    assert!(!outbox.is_closing());

    let _ = broken.send(Panic).await;

    assert!(outbox.is_closing());
    assert!(shared.find(1).is_none());
    let ended = metrics.calls_ended.with_label_values(&["internal"]).get();
    assert_eq!(ended, 1);
    assert!(shared.find(2).is_some() && sound.connected());
}
