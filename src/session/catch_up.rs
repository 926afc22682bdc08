//! Replay: what a session missed, read from the log page by page as its socket drains, then live again.

use std::{ops::ControlFlow, sync::Arc};

use actix::prelude::*;
use bytes::Bytes;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{
    domain::{Audience, Changes, Commit, Epoch},
    executor::{ExecutorHandle, LogPage},
    hub::feed::encode::{self, DataChange},
    protocol::{
        close::Close,
        error::{Code, Result},
        event::{Event, ResyncReason},
    },
};

use super::actor::{Place, Session, event_frame};

/// Bytes of log read at a time.
const PAGE: usize = 256 * 1024;

/// Pages tried again when the hub is busy, before the session is closed to come back later.
const RETRY: std::time::Duration = std::time::Duration::from_millis(50);

/// A page, encoded for the session's audience.
enum Page {
    Frames {
        /// By commit.
        frames: Vec<(u64, Bytes)>,
        upto: u64,
        more: bool,
    },
    Expired,
    Busy,
}

impl Session {
    /// Reads the log after `after`, as often as needed, and goes live.
    pub(super) fn replay_from(&mut self, after: u64, ctx: &mut Context<Self>) {
        self.place = Place::Replaying { after };
        let outbox = self.outbox.clone();
        let executor = self.worker.ctx.executor.clone();
        let audience = self.audience.clone();
        let asked = audience.clone();
        // Live but for a moment: to itself the session is live still.
        let own = (!self.echo && self.replayed.is_none()).then_some(self.connected.id);
        let epoch = self.worker.relay.epoch();
        let half = self.worker.ctx.limits.outbox_bytes / 2;
        let page = async move {
            outbox.room_below(half).await;
            read_page(&executor, after, audience, own, epoch).await
        };
        ctx.spawn(page.into_actor(self).map(move |page, session, ctx| {
            if session.audience == asked {
                session.on_page(after, page, ctx);
            } else {
                session.replay_from(after, ctx);
            }
        }));
    }

    fn on_page(&mut self, after: u64, page: Result<Page>, ctx: &mut Context<Self>) {
        if self.outbox.is_closing() {
            return;
        }
        match page {
            Ok(Page::Frames { frames, upto, more }) => {
                if let Some(replayed) = &mut self.replayed {
                    *replayed += frames.len() as u64;
                }
                for (commit, frame) in frames {
                    self.outbox.push_replayed(frame, commit);
                }
                if more {
                    self.replay_from(upto, ctx);
                } else {
                    let greeting = self.caught_up();
                    self.join(Some(upto), greeting, ctx);
                }
            }
            Ok(Page::Expired) => {
                let start = self.cursor(0);
                let greeting = Box::new(move |head| {
                    let cursor = crate::domain::Cursor {
                        commit: head,
                        ..start
                    }
                    .to_string();
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
    fn caught_up(&self) -> super::actor::Greeting {
        let start = self.cursor(0);
        let replayed = self.replayed;
        Box::new(move |head| match replayed {
            Some(replayed) => {
                let cursor = crate::domain::Cursor {
                    commit: head,
                    ..start
                }
                .to_string();
                event_frame(&Event::CaughtUp { cursor, replayed })
            }
            None => Bytes::new(),
        })
    }
}

/// `own`: the session whose commits are left out.
async fn read_page(
    executor: &ExecutorHandle,
    after: u64,
    audience: Audience,
    own: Option<Uuid>,
    epoch: Epoch,
) -> Result<Page> {
    let page = match executor.read_log(after, PAGE).await {
        Ok(page) => page,
        Err(error) if error.code == Code::Busy => return Ok(Page::Busy),
        Err(error) => return Err(error),
    };
    let LogPage {
        commits,
        head,
        mut more,
        oldest,
    } = page;
    if after < head && after + 1 < oldest {
        return Ok(Page::Expired);
    }
    let mut upto = if more {
        commits.last().map_or(after, |c| c.n)
    } else {
        head.max(after)
    };
    let mut frames = Vec::new();
    let mut bytes = 0;
    for commit in commits {
        // The frames of large commits are not counted in the page of the log.
        if bytes > PAGE {
            (upto, more) = (commit.n - 1, true);
            break;
        }
        if own.is_some() && commit.by.as_ref().and_then(|by| by.session) == own {
            continue;
        }
        let n = commit.n;
        let frame = match commit.changes {
            Changes::Inline(_) => encode::commit(&commit, &audience, epoch),
            Changes::Stored { .. } => encode_stored(executor, commit, audience.clone(), epoch).await?,
        };
        bytes += frame.as_ref().map_or(0, Bytes::len);
        frames.extend(frame.map(|frame| (n, frame)));
    }
    Ok(Page::Frames { frames, upto, more })
}

/// A commit too large to hold, visited change by change on a reader.
async fn encode_stored(
    executor: &ExecutorHandle,
    commit: Commit,
    audience: Audience,
    epoch: Epoch,
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
    Ok(frame.and_then(|frame| frame.finish(&commit, epoch)))
}
