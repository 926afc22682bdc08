//! Uploads: a multipart form, streamed to the disk.

use std::time::Duration;

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::{
    hub::files::{Draft, Said, Turn},
    protocol::{Code, Error, error::Result},
    transport::http::{HttpState, body::created_value, caller::Authenticated, problem::Problem},
};

/// Handed to the disk at once.
const BLOCK: usize = 256 << 10;

/// Everything of a form but its file.
const MAX_REST: u64 = 64 << 10;

/// The longest silence within a body.
const SILENCE: Duration = Duration::from_secs(30);

/// The longest upload: 50 MiB at half a megabit a second.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long, after a refusal, the rest of a body is read and thrown away: a client that is still sending would find a
/// broken connection and not the answer.
const LINGERING: Duration = Duration::from_secs(10);

pub async fn upload(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let files = &state.context.files;
    let mut form = Form {
        parts: Multipart::new(req.headers(), payload),
        ended: false,
    };
    let limit = files.max_file_bytes().saturating_add(MAX_REST);
    let announced = announced_length(&req);
    let received = async {
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let turn = files.begin(caller.who.user_id).await?;
        let (draft, said) = timeout(LONGEST, read(&mut form, &turn))
            .await
            .unwrap_or_else(|_| Err(late()))?;
        turn.keep(draft, said).await
    }
    .await;
    match received {
        Ok(file) => {
            let mut described = files.describe(&file, 0); // sent nowhere yet
            described["sha256"] = hex(&file.sha256).into();
            Ok(created_value(&described)?)
        }
        Err(refused) => {
            if announced.is_none_or(|length| length <= limit.saturating_mul(2)) {
                let _ = timeout(LINGERING, form.drain(limit)).await; // the refusal is the answer either way
            }
            Err(refused.into())
        }
    }
}

/// Reads the whole form.
async fn read(form: &mut Form, turn: &Turn) -> Result<(Draft, Said)> {
    let mut file = None;
    let mut said = Said::default();
    let mut rest = MAX_REST;
    while let Some(mut field) = form.next().await? {
        match field.name().unwrap_or_default() {
            "file" if file.is_some() => return Err(Error::invalid("A form carries one file.")),
            "file" => {
                // As browsers write them in forms: quotes and ends of lines as escapes, and nothing else.
                said.name = field
                    .content_disposition()
                    .and_then(|disposition| disposition.get_filename())
                    .map(|name| name.replace("%22", "\"").replace("%0D", "").replace("%0A", ""));
                said.mime = field.content_type().map(ToString::to_string);
                file = Some(to_disk(form, &mut field, turn).await?);
            }
            "duration_ms" => {
                let text = small(form, &mut field, &mut rest).await?;
                let text = std::str::from_utf8(&text).unwrap_or_default().trim();
                if !text.is_empty() {
                    said.duration_ms = Some(text.parse().map_err(|_| {
                        Error::invalid("duration_ms is a whole number of milliseconds, at most a day.")
                    })?);
                }
            }
            // Forms carry more than they are asked for.
            _ => drop(small(form, &mut field, &mut rest).await?),
        }
    }
    let draft = file.ok_or_else(|| Error::invalid("The form lacks its field `file`."))?;
    Ok((draft, said))
}

async fn to_disk(form: &mut Form, field: &mut Field, turn: &Turn) -> Result<Draft> {
    let mut draft = turn.draft().await?;
    let mut block = BytesMut::with_capacity(BLOCK);
    while let Some(bytes) = form.more(field).await? {
        block.extend_from_slice(&bytes);
        if block.len() >= BLOCK {
            draft = turn.append(draft, block.split().freeze()).await?;
        }
    }
    turn.append(draft, block.freeze()).await
}

/// A field that is not the file.
async fn small(form: &mut Form, field: &mut Field, left: &mut u64) -> Result<Bytes> {
    let mut value = BytesMut::new();
    while let Some(bytes) = form.more(field).await? {
        *left = left.checked_sub(bytes.len() as u64).ok_or_else(too_large)?;
        value.extend_from_slice(&bytes);
    }
    Ok(value.freeze())
}

/// A form that knows whether there is more to read: its parts must not be asked again after their end or an error.
struct Form {
    parts: Multipart,
    ended: bool,
}

impl Form {
    async fn next(&mut self) -> Result<Option<Field>> {
        let next = within_silence(self.parts.next()).await;
        self.ended = !matches!(next, Ok(Some(_)));
        next
    }

    async fn more(&mut self, field: &mut Field) -> Result<Option<Bytes>> {
        let more = within_silence(field.next()).await;
        self.ended |= more.is_err();
        more
    }

    /// Reads on and throws away, at most so many bytes.
    async fn drain(&mut self, mut left: u64) -> Result<()> {
        while !self.ended
            && let Some(mut field) = self.next().await?
        {
            while let Some(bytes) = self.more(&mut field).await? {
                let Some(less) = left.checked_sub(bytes.len() as u64) else {
                    return Ok(());
                };
                left = less;
            }
        }
        Ok(())
    }
}

async fn within_silence<T>(
    next: impl Future<Output = Option<Result<T, MultipartError>>>,
) -> Result<Option<T>> {
    timeout(SILENCE, next)
        .await
        .map_err(|_| late())?
        .transpose()
        .map_err(|cause| Error::invalid("The body is not a whole multipart form.").caused_by(cause))
}

fn announced_length(req: &HttpRequest) -> Option<u64> {
    req.headers()
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn too_large() -> Error {
    Error::new(Code::PayloadTooLarge, "The file is over the size limit.").with("limit", "max_file_bytes")
}

fn late() -> Error {
    Error::invalid("The body did not arrive in time.")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
