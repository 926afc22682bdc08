//! Sockets that listen, and what they must see: every marked change, once, in order.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{task::JoinHandle, time::sleep};

use crate::{
    Failure,
    report::Latency,
    request,
    target::Target,
    wire::{DEADLINE, Kind, Socket, kind},
};

/// Sockets opened at one time: enough to be quick, few enough for any listen queue.
const OPENING: usize = 64;

/// Opens `n` sockets, a few at a time.
pub async fn open_many(target: &Target, token: &str, n: usize) -> Result<Vec<Socket>, Failure> {
    let mut sockets = Vec::with_capacity(n);
    while sockets.len() < n {
        let mut batch = tokio::task::JoinSet::new();
        for _ in 0..OPENING.min(n - sockets.len()) {
            let (dialect, port, token) = (target.dialect(), target.port, token.to_owned());
            batch.spawn(async move { Socket::open(dialect, port, &token, "").await });
        }
        while let Some(opened) = batch.join_next().await {
            sockets.push(opened??.0);
        }
    }
    Ok(sockets)
}

/// A socket that writes and hears no changes.
pub async fn open_writer(target: &Target, token: &str) -> Result<Socket, Failure> {
    let (mut socket, _) = Socket::open(target.dialect(), target.port, token, "").await?;
    socket
        .send(&request::subscribe_to_nothing(target.dialect()))
        .await?;
    loop {
        let message = socket.next_message().await?;
        match kind(&message) {
            Kind::Result => return Ok(socket),
            Kind::Error => return Err("subscribe was refused".into()),
            _ => {}
        }
    }
}

/// One write on its way.
#[derive(Clone, Copy)]
struct Flight {
    sent: Instant,
    acked: Option<Instant>,
    arrived: usize,
}

/// What the listeners saw since the last [`Board::reset`].
pub struct Board {
    listeners: usize,
    /// By writer, then by sequence number.
    flights: RefCell<Vec<Vec<Flight>>>,
    arrivals: Cell<u64>,
    disordered: Cell<u64>,
    broken: Cell<u64>,
    /// From the send of the write to the arrival at each socket.
    pub from_send: RefCell<Latency>,
    /// From the ack of the write to the arrival at each socket (zero where it was there first).
    pub from_ack: RefCell<Latency>,
    /// From the send of the write to the arrival at the last socket.
    pub last_from_send: RefCell<Latency>,
    pub last_from_ack: RefCell<Latency>,
}

impl Board {
    pub fn new(listeners: usize, writers: usize) -> Rc<Self> {
        Rc::new(Self {
            listeners,
            flights: RefCell::new(vec![Vec::new(); writers]),
            arrivals: Cell::new(0),
            disordered: Cell::new(0),
            broken: Cell::new(0),
            from_send: RefCell::new(Latency::new()),
            from_ack: RefCell::new(Latency::new()),
            last_from_send: RefCell::new(Latency::new()),
            last_from_ack: RefCell::new(Latency::new()),
        })
    }

    /// Forgets figures, not sequence numbers.
    pub fn reset(&self) {
        self.arrivals.set(0);
        for latency in [
            &self.from_send,
            &self.from_ack,
            &self.last_from_send,
            &self.last_from_ack,
        ] {
            *latency.borrow_mut() = Latency::new();
        }
    }

    /// Notes that a write is being sent; its sequence number.
    pub fn sending(&self, writer: usize) -> u32 {
        let flights = &mut self.flights.borrow_mut()[writer];
        flights.push(Flight {
            sent: Instant::now(),
            acked: None,
            arrived: 0,
        });
        (flights.len() - 1) as u32
    }

    /// Notes the answer to a write; how long it took.
    pub fn acked(&self, writer: usize, seq: u32) -> Duration {
        let now = Instant::now();
        match self.flights.borrow_mut()[writer].get_mut(seq as usize) {
            Some(flight) => {
                flight.acked = Some(now);
                now - flight.sent
            }
            None => Duration::ZERO,
        }
    }

    fn arrived(&self, writer: usize, seq: u32, now: Instant) {
        let mut flights = self.flights.borrow_mut();
        let Some(flight) = flights.get_mut(writer).and_then(|of| of.get_mut(seq as usize)) else {
            return;
        };
        flight.arrived += 1;
        self.arrivals.set(self.arrivals.get() + 1);
        let from_send = now.saturating_duration_since(flight.sent);
        let from_ack = flight
            .acked
            .map_or(Duration::ZERO, |acked| now.saturating_duration_since(acked));
        self.from_send.borrow_mut().record(from_send);
        self.from_ack.borrow_mut().record(from_ack);
        if flight.arrived == self.listeners {
            self.last_from_send.borrow_mut().record(from_send);
            self.last_from_ack.borrow_mut().record(from_ack);
        }
    }

    pub fn arrivals(&self) -> u64 {
        self.arrivals.get()
    }

    /// Changes that came out of order, twice, or after a gap; sockets that broke.
    pub fn faults(&self) -> (u64, u64) {
        (self.disordered.get(), self.broken.get())
    }

    /// Waits until `expected` arrivals since the reset, or nothing moves any more; what is missing.
    pub async fn settle(&self, expected: u64) -> u64 {
        let mut seen = self.arrivals();
        let mut moved = Instant::now();
        while self.arrivals() < expected && moved.elapsed() < DEADLINE / 6 {
            sleep(Duration::from_millis(2)).await;
            if self.arrivals() != seen {
                seen = self.arrivals();
                moved = Instant::now();
            }
        }
        expected.saturating_sub(self.arrivals())
    }

    /// Puts a task behind each socket. Dropping the tasks ends them.
    pub fn listen(self: &Rc<Self>, sockets: Vec<Socket>) -> Listeners {
        let writers = self.flights.borrow().len();
        let tasks = sockets
            .into_iter()
            .map(|socket| {
                let board = Rc::clone(self);
                tokio::task::spawn_local(async move {
                    if board.follow(socket, writers).await.is_err() {
                        board.broken.set(board.broken.get() + 1);
                    }
                })
            })
            .collect();
        Listeners(tasks)
    }

    async fn follow(&self, mut socket: Socket, writers: usize) -> std::io::Result<()> {
        let mut next = vec![0_u32; writers];
        loop {
            socket.fill().await?;
            let now = Instant::now();
            while let Some(message) = socket.pop()? {
                let Some((writer, seq)) = request::mark_of(message) else {
                    continue;
                };
                if !matches!(kind(message), Kind::DataChange | Kind::NewMessage) {
                    continue;
                }
                let Some(expected) = next.get_mut(writer) else {
                    continue;
                };
                if seq != *expected {
                    self.disordered.set(self.disordered.get() + 1);
                }
                *expected = seq + 1;
                self.arrived(writer, seq, now);
            }
        }
    }
}

/// The listening tasks; they end with this value.
pub struct Listeners(Vec<JoinHandle<()>>);

impl Drop for Listeners {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}
