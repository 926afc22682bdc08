//! What a room learns of the ledger's answers, it learns in the order of the commits. An actor polls the futures that it
//! waits for in whatever order: of two edits of one message the one that was stored first could be noted last.

use tokio::sync::oneshot;

/// The answers of one room that are waited for.
#[derive(Debug, Default)]
pub(super) struct Turns {
    last: Option<oneshot::Receiver<()>>,
}

/// Held until what an answer says was noted.
#[derive(Debug)]
pub(super) struct Turn {
    _over: oneshot::Sender<()>,
}

impl Turns {
    /// The answer, once all that were asked for before it were noted: their turns are over, or they are given up.
    pub fn after_those_before<T, F: Future<Output = T>>(
        &mut self,
        answer: F,
    ) -> impl Future<Output = (T, Turn)> + use<T, F> {
        let (over, mine) = oneshot::channel();
        let before = self.last.replace(mine);
        async move {
            let answer = answer.await;
            if let Some(before) = before {
                let _ = before.await; // it never sends: it is over when it is dropped
            }
            (answer, Turn { _over: over })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn now<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn whichever_is_asked_first_they_are_noted_in_the_order_of_the_questions() {
        let mut turns = Turns::default();
        let mut first = pin!(turns.after_those_before(async { 1 }));
        let mut second = pin!(turns.after_those_before(async { 2 }));
        assert!(now(second.as_mut()).is_pending());
        let Poll::Ready((answer, turn)) = now(first.as_mut()) else {
            panic!("nothing is before it");
        };
        assert_eq!(answer, 1);
        assert!(now(second.as_mut()).is_pending(), "the first is not noted yet");
        drop(turn);
        let (answer, _turn) = second.await;
        assert_eq!(answer, 2);
    }

    #[tokio::test]
    async fn an_answer_that_is_given_up_holds_up_nobody() {
        let mut turns = Turns::default();
        drop(turns.after_those_before(std::future::pending::<()>()));
        let (answer, _turn) = turns.after_those_before(async { 2 }).await;
        assert_eq!(answer, 2);
    }
}
