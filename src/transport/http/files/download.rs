//! Files on their way out: by token or by ticket, whole or in part.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web,
};
use bytes::Bytes;
use futures_util::Stream;

use crate::{
    hub::files::{Opened, is_shown_inline},
    protocol::{Code, Error, error::Result},
    transport::http::{
        HttpState,
        caller::{Caller, Visitor},
        encoding::{decode_query, path_parameter},
        problem::Problem,
    },
};

use super::{
    disposition::content_disposition,
    range::{Part, part},
};

/// Read at once.
const CHUNK: u64 = 64 << 10;

/// Should a browser ever render one of these, it has no origin, no script and nothing to load.
const POLICY: &str = "sandbox; default-src 'none'";

pub async fn file(
    visitor: Visitor,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    serve(&visitor, &state, &req, false).await
}

pub async fn thumbnail(
    visitor: Visitor,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    serve(&visitor, &state, &req, true).await
}

async fn serve(
    _: &Visitor, // has settled whether tokens, and so tickets, may come over plain HTTP from there
    state: &HttpState,
    req: &HttpRequest,
    thumbnail: bool,
) -> Result<HttpResponse, Problem> {
    let ticket = decode_query(req.query_string())?
        .into_iter()
        .find_map(|(name, value)| (name == "ticket").then_some(value));
    // An id that is none names nothing; with a ticket, that is said as of any other file.
    let id = path_parameter(req, "id")?.parse::<i64>().unwrap_or_default();
    let files = &state.context.files;
    let opened = match ticket {
        Some(ticket) => match files.open_with(&ticket, id, thumbnail).await {
            // An address that has expired is as good as any to whoever shows who he is.
            Err(_) if req.headers().contains_key(header::AUTHORIZATION) => {
                open_as_caller(state, req, id, thumbnail).await?
            }
            opened => opened?,
        },
        None => open_as_caller(state, req, id, thumbnail).await?,
    };
    answer(req, opened, thumbnail)
}

async fn open_as_caller(
    state: &HttpState,
    req: &HttpRequest,
    id: i64,
    thumbnail: bool,
) -> Result<Opened, Problem> {
    let caller = Caller::authenticate(req, state)?;
    let viewer = state.context.accounts.viewer(&caller.who);
    Ok(state.context.files.open_as(viewer, id, thumbnail).await?)
}

fn answer(req: &HttpRequest, opened: Opened, thumbnail: bool) -> Result<HttpResponse, Problem> {
    let header_of = |name: header::HeaderName| req.headers().get(name).and_then(|value| value.to_str().ok());
    let etag = etag(&opened, thumbnail);
    if header_of(header::IF_NONE_MATCH).is_some_and(|given| names(given, &etag)) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .finish());
    }
    // A range of something else is not what is wanted; dates say too little about it.
    let range = header_of(header::RANGE)
        .filter(|_| header_of(header::IF_RANGE).is_none_or(|given| given.trim() == etag));
    let (status, first, last) = match part(range, opened.bytes) {
        Part::Whole => (StatusCode::OK, 0, opened.bytes),
        Part::Some { first, last } => (StatusCode::PARTIAL_CONTENT, first, last + 1),
        Part::OutOfBounds => return Err(Problem::range_not_satisfiable(opened.bytes)),
    };
    let mut builder = HttpResponse::build(status);
    let name = if thumbnail { "thumbnail" } else { &opened.row.name };
    let disposition = content_disposition(is_shown_inline(&opened.mime), name);
    builder
        .content_type(opened.mime.as_str())
        .insert_header((header::ETAG, etag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).map_err(Error::internal)?,
        ))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        // Sizes and ranges are of the bytes as they are stored.
        .insert_header((header::CONTENT_ENCODING, "identity"));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{}", last - 1, opened.bytes);
        builder.insert_header((header::CONTENT_RANGE, range));
    }
    Ok(builder.body(SizedStream::new(last - first, chunks(opened.file, first, last))))
}

/// Files never change: the hash of a file is its name for good.
fn etag(opened: &Opened, thumbnail: bool) -> String {
    let hash: String = opened
        .row
        .sha256
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hash}{}\"", if thumbnail { "-thumbnail" } else { "" })
}

/// Whether `If-None-Match` names the tag.
fn names(given: &str, etag: &str) -> bool {
    given
        .split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*")
}

/// The bytes from `first` to before `end`, read as they are sent, on threads that may wait for the disk.
fn chunks(file: File, first: u64, end: u64) -> impl Stream<Item = Result<Bytes>> {
    futures_util::stream::try_unfold((file, first), move |(mut file, at)| async move {
        if at >= end {
            return Ok(None);
        }
        let read = move || {
            let mut chunk = Vec::new();
            file.seek(SeekFrom::Start(at))?;
            (&file).take((end - at).min(CHUNK)).read_to_end(&mut chunk)?;
            Ok::<_, std::io::Error>((file, chunk))
        };
        let (file, chunk) = web::block(read)
            .await
            .map_err(Error::internal)?
            .map_err(|cause| Error::of(Code::Unavailable).caused_by(cause))?;
        if chunk.is_empty() {
            return Err(Error::internal("a file is shorter than its row says"));
        }
        let next = at + chunk.len() as u64;
        Ok(Some((Bytes::from(chunk), (file, next))))
    })
}
