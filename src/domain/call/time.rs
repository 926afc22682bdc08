//! The passing of time: ringing ends, seats run out, the call expires.

use super::{Call, Effect, Leaving, Number, Place, Reason, Rung, State};

impl<F> Call<F> {
    /// When [`Call::tick`] has something to do next.
    pub fn next_deadline_ms(&self) -> i64 {
        let ring = self
            .rung
            .values()
            .any(|(_, how)| *how == Rung::Ringing)
            .then_some(self.ring_until_ms);
        let seats = self.seats.values().filter_map(|s| s.away_since_ms);
        seats
            .map(|since| since + self.bounds.seat_ms)
            .chain(ring)
            .fold(self.expires_ms, i64::min)
    }

    /// Does what is due.
    pub fn tick(&mut self, now_ms: i64) {
        if self.state.is_over() {
            return;
        }
        if now_ms >= self.expires_ms {
            self.close(State::Expired, Reason::Expired, now_ms);
            return;
        }
        if now_ms >= self.ring_until_ms {
            self.stop_ringing(now_ms);
        }
        self.clear_seats(now_ms);
    }

    fn stop_ringing(&mut self, now_ms: i64) {
        let mut stopped = false;
        for (_, how) in self.rung.values_mut() {
            if *how == Rung::Ringing {
                *how = Rung::Missed;
                stopped = true;
            }
        }
        if !stopped {
            return;
        }
        let has_guest = self.seats.values().any(|s| s.who.is_guest());
        // With a code the guest may still come: the host waits for him.
        if self.state == State::Ringing && !self.has_code && !has_guest {
            self.close(State::Missed, Reason::NoAnswer, now_ms);
        } else {
            self.effects.push(Effect::Tell);
        }
    }

    fn clear_seats(&mut self, now_ms: i64) {
        let due: Vec<Number> = self
            .seats
            .values()
            .filter(|s| {
                s.away_since_ms
                    .is_some_and(|since| now_ms >= since + self.bounds.seat_ms)
            })
            .map(|s| s.number)
            .collect();
        if due.is_empty() {
            return;
        }
        for number in due {
            let Some(seat) = self.seats.get_mut(&number) else {
                continue;
            };
            if seat.is_joined() {
                self.effects.push(Effect::Left(number, Leaving::Lost));
            }
            if seat.who.is_guest() {
                seat.vacate(); // his token stays good: he may knock again
            } else {
                self.seats.remove(&number);
            }
        }
        let anybody = self.seats.values().any(|s| s.place != Place::Outside);
        // A host who only waits for his guest may close the lid meanwhile.
        if !anybody && (self.state == State::Active || !self.has_code) {
            self.close(State::Ended, Reason::Abandoned, now_ms);
        } else {
            self.effects.push(Effect::Tell);
        }
    }
}
