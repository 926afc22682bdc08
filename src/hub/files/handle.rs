//! What others hold of the files.

use std::{collections::HashMap, fs::File, io, sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Draft, Shelf, kind, name, picture};
use crate::{
    auth::Tickets,
    config,
    domain::timestamp::now_ms,
    executor::ledger::LedgerHandle,
    protocol::error::{Code, Error, Result},
    store::hub::{
        events::Viewer,
        files::{self, File as Row, NewFile},
    },
};

/// Longest voice note, milliseconds: a day.
const LONGEST_MS: i64 = 24 * 3600 * 1000;

/// Pictures decoded at one time: each may take a large piece of memory.
const PICTURES_AT_ONCE: usize = 1;

/// How long a picture waits for its thumbnail before it goes without.
const PICTURE_PATIENCE: Duration = Duration::from_secs(10);

/// What [`Files`] is made of.
pub struct Setup {
    pub ledger: LedgerHandle,
    pub shelf: Shelf,
    pub tickets: Tickets,
    pub config: config::Files,
    pub max_file_bytes: u64,
}

/// Admission, storing and reading of files. Cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

pub(super) struct Inner {
    pub(super) ledger: LedgerHandle,
    pub(super) shelf: Shelf,
    tickets: Tickets,
    pub(super) config: config::Files,
    max_file_bytes: u64,
    turns: Arc<Semaphore>,
    /// Uploads of each user that are going on.
    uploading: Mutex<HashMap<i64, usize>>,
    pictures: Arc<Semaphore>,
}

/// The right of a user to upload one file now; given back when dropped.
pub struct Turn {
    files: Files,
    user_id: i64,
    _place: OwnedSemaphorePermit,
}

/// What the sender says of a file.
#[derive(Debug, Default)]
pub struct Said {
    pub name: Option<String>,
    pub mime: Option<String>,
    pub duration_ms: Option<i64>,
}

/// A file that is stored for good.
pub type Stored = Row;

/// A file to be read.
pub struct Opened {
    pub row: Row,
    /// Of what is read: the file's or its thumbnail's.
    pub mime: String,
    pub bytes: u64,
    pub file: File,
}

impl Files {
    pub fn new(setup: Setup) -> Self {
        Self(Arc::new(Inner {
            turns: Arc::new(Semaphore::new(setup.config.parallel_uploads)),
            ledger: setup.ledger,
            shelf: setup.shelf,
            tickets: setup.tickets,
            config: setup.config,
            max_file_bytes: setup.max_file_bytes,
            uploading: Mutex::default(),
            pictures: Arc::new(Semaphore::new(PICTURES_AT_ONCE)),
        }))
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    /// For whoever renders messages: signs the addresses of their files.
    pub fn tickets(&self) -> &Tickets {
        &self.0.tickets
    }

    pub fn max_file_bytes(&self) -> u64 {
        self.0.max_file_bytes
    }

    /// `file` as it stands in messages, with fresh addresses. `standing`: of its rooms, on the same snapshot.
    pub fn describe(&self, file: &Row, standing: i64) -> Value {
        files::describe(file, standing, &self.0.tickets, now_ms())
    }

    /// Admits an upload. `busy` where too many go on, `payload_too_large` where the user has too much lying about unsent.
    pub async fn begin(&self, user_id: i64) -> Result<Turn> {
        let busy = || Error::of(Code::Busy).retry_after_ms(1_000);
        let place = Arc::clone(&self.0.turns)
            .try_acquire_owned()
            .map_err(|_| busy())?;
        // One user never takes all the places.
        let most = self.0.config.parallel_uploads.div_ceil(4);
        {
            let mut uploading = self.0.uploading.lock();
            let own = uploading.get(&user_id).copied().unwrap_or_default();
            if own >= most {
                return Err(busy());
            }
            uploading.insert(user_id, own + 1);
        }
        let turn = Turn {
            files: self.clone(),
            user_id,
            _place: place,
        };
        let unsent = self.0.ledger.read(move |conn| files::unsent_bytes(conn, user_id));
        if unsent.await? >= self.0.config.unsent_bytes {
            return Err(too_much_unsent());
        }
        Ok(turn)
    }

    /// The file, if the viewer may read it; otherwise `not_found`, whatever the reason.
    pub async fn open_as(&self, viewer: Viewer, id: i64, thumbnail: bool) -> Result<Opened> {
        self.open(id, thumbnail, Reader::User(viewer)).await
    }

    /// The file, if `ticket` is one for it; otherwise `unauthorized`, whether there is such a file or not. A ticket does not
    /// say whose it is: whoever is out of a room takes all with him that were handed out in it before.
    pub async fn open_with(&self, ticket: &str, id: i64, thumbnail: bool) -> Result<Opened> {
        let standing = self
            .0
            .tickets
            .admits(ticket, id, now_ms())
            .ok_or_else(no_ticket)?;
        self.open(id, thumbnail, Reader::Ticket { standing }).await
    }

    async fn open(&self, id: i64, thumbnail: bool, reader: Reader) -> Result<Opened> {
        let nothing = || Error::of(Code::NotFound);
        let found = self.0.ledger.read(move |conn| {
            let readable = match &reader {
                Reader::User(viewer) => files::may_read(conn, viewer, id)?,
                Reader::Ticket { standing } => {
                    if files::standing(conn, id)? != *standing {
                        return Err(no_ticket().into());
                    }
                    files::is_held(conn, id)?
                }
            };
            if readable {
                files::by_id(conn, id)
            } else {
                Ok(None)
            }
        });
        let row = found.await?.ok_or_else(nothing)?;
        let (path, mime) = if thumbnail {
            let mime = row.thumbnail.clone().ok_or_else(nothing)?;
            (self.0.shelf.thumbnail(&row.stored), mime)
        } else {
            (self.0.shelf.content(&row.stored), row.mime.clone())
        };
        blocking(move || {
            let unreadable = |cause: io::Error| match cause.kind() {
                io::ErrorKind::NotFound => {
                    tracing::error!(file = row.id, "a file has a row and is not on the disk");
                    nothing()
                }
                _ => of_the_disk(cause),
            };
            let file = File::open(path).map_err(unreadable)?;
            let bytes = file.metadata().map_err(unreadable)?.len();
            Ok(Opened {
                row,
                mime,
                bytes,
                file,
            })
        })
        .await
    }
}

impl Turn {
    /// An empty draft for this upload.
    pub async fn draft(&self) -> Result<Draft> {
        let inner = Arc::clone(&self.files.0);
        blocking(move || inner.shelf.draft().map_err(of_the_disk)).await
    }

    /// Writes more of the upload. An error undoes all of it.
    pub async fn append(&self, mut draft: Draft, bytes: Bytes) -> Result<Draft> {
        let inner = Arc::clone(&self.files.0);
        if draft.size() + bytes.len() as u64 > inner.max_file_bytes {
            return Err(too_large());
        }
        blocking(move || {
            inner
                .shelf
                .has_room_for(bytes.len() as u64)
                .and_then(|()| draft.write(&bytes))
                .map_err(of_the_disk)?;
            Ok(draft)
        })
        .await
    }

    /// Makes the upload durable: first the bytes, then the row.
    pub async fn keep(self, draft: Draft, said: Said) -> Result<Stored> {
        if said.duration_ms.is_some_and(|ms| !(0..=LONGEST_MS).contains(&ms)) {
            return Err(Error::invalid(
                "duration_ms is a whole number of milliseconds, at most a day.",
            ));
        }
        let look = self.look(&draft, said.mime.as_deref()).await?;
        let new = NewFile {
            owner_id: self.user_id,
            name: name::harmless(said.name.as_deref().unwrap_or_default()),
            mime: look.mime.into(),
            size: i64::try_from(draft.size()).map_err(Error::internal)?,
            sha256: Vec::new(),
            stored: String::new(),
            duration_ms: said.duration_ms.filter(|_| look.mime.starts_with("audio/")),
            width: look.size.and_then(|size| i32::try_from(size.width).ok()),
            height: look.size.and_then(|size| i32::try_from(size.height).ok()),
            thumbnail: look.thumbnail.as_ref().map(|small| small.mime.into()),
            created_at_ms: now_ms(),
        };
        let small = look.thumbnail.map(|small| small.bytes);
        let storing = self.files.0.clone().store(new, draft, small);
        // To its end also where the sender has gone: bytes without a row would lie about until the next start.
        tokio::spawn(storing).await.map_err(Error::internal)?
    }

    /// What was uploaded. A picture that is none, or too large to be decoded, is a file like any other.
    async fn look(&self, draft: &Draft, said: Option<&str>) -> Result<Look> {
        let mime = kind::of(draft.head(), said);
        let plain = |mime| Look {
            mime,
            size: None,
            thumbnail: None,
        };
        if !mime.starts_with("image/") {
            return Ok(plain(mime));
        }
        let path = draft.path().to_owned();
        let Some(size) = blocking(move || Ok(picture::measure(&path, mime))).await? else {
            return Ok(plain(kind::UNKNOWN));
        };
        let turn = Arc::clone(&self.files.0.pictures).acquire_owned();
        let thumbnail = match tokio::time::timeout(PICTURE_PATIENCE, turn).await {
            Ok(Ok(turn)) => {
                let path = draft.path().to_owned();
                let decode = move || {
                    let thumbnail = picture::thumbnail(&path, mime);
                    drop(turn); // held by the thread that decodes, also when the sender is gone
                    Ok(thumbnail)
                };
                // A decoder that panics costs its picture the thumbnail, not the upload.
                blocking(decode).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "a thumbnail could not be made");
                    None
                })
            }
            _ => None,
        };
        Ok(Look {
            mime,
            size: Some(size),
            thumbnail,
        })
    }
}

/// As whom a file is read.
enum Reader {
    User(Viewer),
    Ticket { standing: i64 },
}

/// What the hub found an upload to be.
struct Look {
    mime: &'static str,
    size: Option<picture::Size>,
    thumbnail: Option<picture::Thumbnail>,
}

impl Inner {
    /// The bytes first, then the row.
    async fn store(self: Arc<Self>, mut new: NewFile, draft: Draft, small: Option<Vec<u8>>) -> Result<Row> {
        let inner = Arc::clone(&self);
        let new = blocking(move || {
            new.sha256 = draft.sha256().to_vec();
            new.stored = inner.shelf.keep(draft, small.as_deref()).map_err(of_the_disk)?;
            Ok(new)
        })
        .await?;
        let (quota, stored) = (self.config.unsent_bytes, new.stored.clone());
        let row = self
            .ledger
            .write(move |tx| {
                // Counted again: several uploads of one user may have begun under the quota together.
                let unsent = files::unsent_bytes(tx.conn, new.owner_id)?;
                if unsent.saturating_add(new.size.unsigned_abs()) > quota {
                    return Err(too_much_unsent().into());
                }
                files::insert(tx.conn, &new)
            })
            .await;
        // After a time-out the row may still come; without one, the next start removes the bytes.
        if row.as_ref().is_err_and(|error| error.code != Code::Timeout) {
            blocking(move || {
                self.shelf.remove(&stored);
                Ok(())
            })
            .await?;
        }
        row
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut uploading = self.files.0.uploading.lock();
        if let Some(own) = uploading.get_mut(&self.user_id) {
            *own -= 1;
            if *own == 0 {
                uploading.remove(&self.user_id);
            }
        }
    }
}

/// Runs what waits for the disk where that holds up nobody.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

/// A full disk, a disk that fails: of the machine, not of the request.
pub(super) fn of_the_disk(cause: io::Error) -> Error {
    Error::of(Code::Unavailable).caused_by(cause)
}

fn no_ticket() -> Error {
    Error::new(
        Code::Unauthorized,
        "This address of a file has expired or is not valid.",
    )
}

fn too_large() -> Error {
    Error::new(Code::PayloadTooLarge, "The file is over the size limit.").with("limit", "max_file_bytes")
}

fn too_much_unsent() -> Error {
    Error::new(
        Code::PayloadTooLarge,
        "Too much was uploaded without being sent; send it, or wait until it is removed.",
    )
    .with("limit", "unsent_bytes")
}
