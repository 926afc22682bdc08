//! Replay: what a session missed, read from both logs page by page as its socket drains, then live again. First the
//! changes up to the head, then what people did: each log keeps its order.

use std::{ops::ControlFlow, sync::Arc};

use actix::prelude::*;
use bytes::Bytes;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{
    domain::{Audience, Changes, Commit, Cursor, Epoch, Position},
    executor::ledger::LedgerHandle,
    executor::{ExecutorHandle, LogPage},
    hub::{
        feed::{
            encode::{self, DataChange},
            hub_event,
        },
        replay,
        room::Renderer,
    },
    protocol::{
        close::Close,
        error::{Code, Result},
        event::{Event, ResyncReason},
    },
    store::hub::events::{self, Viewer},
};

use super::{
    actor::{Place, Session},
    greeting::{Greeting, event_frame},
};

/// Bytes of log read at a time.
const PAGE: usize = 256 * 1024;

/// Events of people looked at at a time.
const STRETCH: u64 = 2_000;

/// Pages tried again when the hub is busy, before the session is closed to come back later.
const RETRY: std::time::Duration = std::time::Duration::from_millis(50);

/// A page, encoded for the session's audience.
enum Page {
    Frames {
        /// By place.
        frames: Vec<(Position, Bytes)>,
        upto: Position,
        more: bool,
    },
    Expired,
    Busy,
}

impl Session {
    /// Reads the logs after `after`, as often as needed, and goes live.
    pub(super) fn replay_from(&mut self, after: Position, ctx: &mut Context<Self>) {
        self.place = Place::Replaying { after };
        let outbox = self.outbox.clone();
        let asked = self.audience.clone();
        // Live but for a moment: to itself the session is live still.
        let own = (!self.echo && self.replayed.is_none()).then_some(self.connected.id);
        let reading = Reading {
            executor: self.worker.ctx.executor.clone(),
            ledger: self.worker.ctx.ledger.clone(),
            audience: self.audience.clone(),
            viewer: self.worker.ctx.accounts.viewer(&self.connected.who),
            lang: self.connected.who.lang.clone(),
            renderer: self.worker.ctx.renderer.clone(),
            own,
            cursor: self.cursor(after),
        };
        let half = self.worker.ctx.limits.outbox_bytes / 2;
        let page = async move {
            outbox.room_below(half).await;
            reading.page(after).await
        };
        ctx.spawn(page.into_actor(self).map(move |page, session, ctx| {
            if session.audience == asked {
                session.on_page(after, page, ctx);
            } else {
                session.replay_from(after, ctx);
            }
        }));
    }

    fn on_page(&mut self, after: Position, page: Result<Page>, ctx: &mut Context<Self>) {
        if self.outbox.is_closing() {
            return;
        }
        match page {
            Ok(Page::Frames { frames, upto, more }) => {
                if let Some(replayed) = &mut self.replayed {
                    *replayed += frames.len() as u64;
                }
                for (at, frame) in frames {
                    self.outbox.push_replayed(frame, at);
                }
                if more {
                    self.replay_from(upto, ctx);
                } else {
                    let greeting = self.caught_up();
                    self.join(Some(upto), greeting, ctx);
                }
            }
            Ok(Page::Expired) => {
                let start = self.cursor(Position::START);
                let greeting = Box::new(move |at| {
                    let cursor = Cursor { at, ..start }.to_string();
                    event_frame(&Event::Resync {
                        reason: ResyncReason::Expired,
                        cursor,
                    })
                });
                self.replayed = None;
                self.join(None, greeting, ctx);
            }
            Ok(Page::Busy) => {
                ctx.run_later(RETRY, move |session, ctx| session.replay_from(after, ctx));
            }
            Err(error) => {
                tracing::warn!(%error, "the change log could not be read for a session");
                self.outbox.close(Close::Internal);
            }
        }
    }

    /// `caught_up` for a session that came with `since`, nothing for one that only fell behind.
    fn caught_up(&self) -> Greeting {
        let start = self.cursor(Position::START);
        let replayed = self.replayed;
        Box::new(move |at| match replayed {
            Some(replayed) => {
                let cursor = Cursor { at, ..start }.to_string();
                event_frame(&Event::CaughtUp { cursor, replayed })
            }
            None => Bytes::new(),
        })
    }
}

/// What is needed to read on.
struct Reading {
    executor: ExecutorHandle,
    ledger: LedgerHandle,
    audience: Audience,
    viewer: Viewer,
    lang: Arc<str>,
    renderer: Renderer,
    /// The session whose commits are left out.
    own: Option<Uuid>,
    /// A cursor of the session, to be moved.
    cursor: Cursor,
}

impl Reading {
    async fn page(self, after: Position) -> Result<Page> {
        let cursor = self.cursor;
        let (ledger, viewer) = (self.ledger.clone(), self.viewer.clone());
        let (renderer, lang) = (self.renderer.clone(), self.lang.clone());
        let changes = match self.changes(after).await {
            Ok(page) => page,
            Err(error) if error.code == Code::Busy => return Ok(Page::Busy),
            Err(error) => return Err(error),
        };
        match changes {
            Page::Frames {
                mut frames,
                upto,
                more: false,
            } => {
                let read = ledger.read(move |conn| {
                    let mut page = events::page(conn, &viewer, after.hub, STRETCH)?;
                    let mut again = Vec::new();
                    let mut bytes = 0;
                    for logged in &page.events {
                        if bytes > PAGE {
                            (page.upto, page.more) = (logged.n - 1, true);
                            break;
                        }
                        let shown = replay::again(conn, &renderer, &viewer, &lang, logged)?;
                        bytes += shown.as_ref().map_or(0, |event| event.members.len());
                        again.extend(shown);
                    }
                    Ok((page, again))
                });
                let (page, again) = match read.await {
                    Ok(read) => read,
                    Err(error) if error.code == Code::Busy => return Ok(Page::Busy),
                    Err(error) => return Err(error),
                };
                if after.hub + 1 < page.oldest {
                    return Ok(Page::Expired);
                }
                frames.extend(again.iter().map(|event| {
                    let at = Position { hub: event.n, ..upto };
                    (at, hub_event(event, Cursor { at, ..cursor }))
                }));
                Ok(Page::Frames {
                    frames,
                    upto: Position {
                        hub: page.upto,
                        ..upto
                    },
                    more: page.more,
                })
            }
            page => Ok(page),
        }
    }

    /// Changes only; `upto.hub` is as it was.
    async fn changes(self, after: Position) -> Result<Page> {
        let LogPage {
            commits,
            head,
            mut more,
            oldest,
        } = self.executor.read_log(after.commit, PAGE).await?;
        if after.commit < head && after.commit + 1 < oldest {
            return Ok(Page::Expired);
        }
        let mut upto = if more {
            commits.last().map_or(after.commit, |c| c.n)
        } else {
            head.max(after.commit)
        };
        let mut frames = Vec::new();
        let mut bytes = 0;
        for commit in commits {
            // The frames of large commits are not counted in the page of the log.
            if bytes > PAGE {
                (upto, more) = (commit.n - 1, true);
                break;
            }
            if self.own.is_some() && commit.by.as_ref().and_then(|by| by.session) == self.own {
                continue;
            }
            let at = Position {
                commit: commit.n,
                ..after
            };
            let epoch = self.cursor.epoch;
            let frame = match commit.changes {
                Changes::Inline(_) => encode::commit(&commit, &self.audience, epoch, after.hub),
                Changes::Stored { .. } => {
                    let audience = self.audience.clone();
                    encode_stored(&self.executor, commit, audience, epoch, after.hub).await?
                }
            };
            bytes += frame.as_ref().map_or(0, Bytes::len);
            frames.extend(frame.map(|frame| (at, frame)));
        }
        Ok(Page::Frames {
            frames,
            upto: Position {
                commit: upto,
                ..after
            },
            more,
        })
    }
}

/// A commit too large to hold, visited change by change on a reader.
async fn encode_stored(
    executor: &ExecutorHandle,
    commit: Commit,
    audience: Audience,
    epoch: Epoch,
    hub: u64,
) -> Result<Option<Bytes>> {
    let collected = Arc::new(Mutex::new(Some(DataChange::new(audience))));
    let visiting = collected.clone();
    let visit = Box::new(
        move |change: &crate::domain::Change| match visiting.lock().as_mut() {
            Some(frame) => frame.add(change),
            None => ControlFlow::Break(()),
        },
    );
    executor.visit_commit(commit.n, visit).await?;
    let frame = collected.lock().take();
    Ok(frame.and_then(|frame| frame.finish(&commit, epoch, hub)))
}
