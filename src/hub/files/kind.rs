//! What a content is. The hub decides, from the bytes; what the sender says only chooses between kinds that look the same
//! from there. A table of our own and not a crate that knows hundreds of types: what is shown inline by our origin must be
//! exactly this list.

/// Bytes of the beginning that are looked at.
pub const HEAD: usize = 512;

/// Anything that is not known for sure.
pub const UNKNOWN: &str = "application/octet-stream";

/// Types that browsers draw or play and never run.
const INLINE: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "audio/ogg",
    "audio/webm",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/wav",
];

/// Documents that keep the type that was said, because they begin as that type does.
const DOCUMENTS: &[(&str, &[u8])] = &[
    ("application/pdf", b"%PDF-"),
    ("application/zip", b"PK\x03\x04"),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        b"PK\x03\x04",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        b"PK\x03\x04",
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        b"PK\x03\x04",
    ),
    ("application/vnd.oasis.opendocument.text", b"PK\x03\x04"),
    ("application/vnd.oasis.opendocument.spreadsheet", b"PK\x03\x04"),
    ("application/msword", b"\xd0\xcf\x11\xe0"),
    ("application/vnd.ms-excel", b"\xd0\xcf\x11\xe0"),
];

/// Whether a file of this type may be shown by a page of ours; anything else is only ever saved.
pub fn is_shown_inline(mime: &str) -> bool {
    INLINE.contains(&mime)
}

/// The type of a content that begins with `head`, of which the sender says `said`.
pub fn of(head: &[u8], said: Option<&str>) -> &'static str {
    let said = said.map(essence).unwrap_or_default();
    if let Some(mime) = media(head, &said) {
        return mime;
    }
    if let Some((mime, _)) = DOCUMENTS
        .iter()
        .find(|(mime, begins)| *mime == said && head.starts_with(begins))
    {
        return mime;
    }
    match said.as_str() {
        "text/plain" if is_plain_text(head) => "text/plain",
        "text/csv" if is_plain_text(head) => "text/csv",
        _ => UNKNOWN,
    }
}

/// Pictures and sounds, by what they begin with.
fn media(head: &[u8], said: &str) -> Option<&'static str> {
    let at = |offset: usize, bytes: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    Some(match head {
        _ if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if at(0, b"\xff\xd8\xff") => "image/jpeg",
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        _ if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        _ if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        // Containers of sound or of film: alike from here, and neither is run by a browser.
        _ if at(0, b"OggS\0") => either(said, "video/ogg", "audio/ogg"),
        _ if at(0, b"\x1a\x45\xdf\xa3") && names_webm(head) => either(said, "video/webm", "audio/webm"),
        _ if at(4, b"ftypM4A") || at(4, b"ftypM4B") => "audio/mp4",
        _ if at(4, b"ftyp") && is_mp4_brand(head) => either(said, "video/mp4", "audio/mp4"),
        _ if at(0, b"ID3") => "audio/mpeg",
        [0xff, second, third, ..] if is_adts(*second, *third) => "audio/aac",
        [0xff, second, third, ..] if is_mpeg_frame(*second, *third) => "audio/mpeg",
        _ => return None,
    })
}

fn either(said: &str, video: &'static str, audio: &'static str) -> &'static str {
    if said == video { video } else { audio }
}

/// `audio/webm;codecs=opus` without its parameters.
fn essence(said: &str) -> String {
    said.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Matroska has the same beginning; the name of the kind comes within the first header.
fn names_webm(head: &[u8]) -> bool {
    head.iter()
        .take(64)
        .copied()
        .collect::<Vec<_>>()
        .windows(4)
        .any(|window| window == b"webm")
}

fn is_mp4_brand(head: &[u8]) -> bool {
    const BRANDS: &[&[u8]] = &[
        b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"dash", b"avc1",
    ];
    head.get(8..12).is_some_and(|brand| BRANDS.contains(&brand))
}

/// The sync word of AAC in ADTS: twelve ones, layer 0.
fn is_adts(second: u8, third: u8) -> bool {
    second & 0xf6 == 0xf0 && (third >> 2) & 0x0f < 13
}

/// A frame of MPEG audio, layer III: eleven ones, no reserved version, bit rate or sampling rate.
fn is_mpeg_frame(second: u8, third: u8) -> bool {
    second & 0xe0 == 0xe0
        && (second >> 3) & 0b11 != 0b01
        && (second >> 1) & 0b11 == 0b01
        && !matches!(third >> 4, 0 | 15)
        && (third >> 2) & 0b11 != 0b11
}

/// UTF-8 (a character may be cut at the end) without control characters and markup.
fn is_plain_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(cut) if cut.error_len().is_none() => {
            std::str::from_utf8(&head[..cut.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text
        .chars()
        .any(|c| c == '<' || (c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_media_are_told_by_their_first_bytes_whatever_is_said() {
        for (head, said, mime) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "text/html", "image/png"),
            (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
            (b"GIF89a", "image/svg+xml", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp"),
            (b"RIFF\0\0\0\0WAVEfmt ", "", "audio/wav"),
            (b"OggS\0\x02", "audio/ogg; codecs=opus", "audio/ogg"),
            (b"OggS\0\x02", "video/ogg", "video/ogg"),
            (
                b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
                "audio/webm",
                "audio/webm",
            ),
            (b"\0\0\0\x1cftypM4A ", "", "audio/mp4"),
            (b"\0\0\0\x1cftypisom", "video/mp4", "video/mp4"),
            (b"\0\0\0\x1cftypdash", "audio/mp4", "audio/mp4"),
            (b"ID3\x04", "", "audio/mpeg"),
            (b"\xff\xfb\x90\x64", "audio/mpeg", "audio/mpeg"),
            (b"\xff\xf1\x50\x80", "audio/aac", "audio/aac"),
        ] {
            assert_eq!(of(head, Some(said)), mime, "{head:?}");
        }
    }

    #[test]
    fn what_lies_or_could_be_run_has_no_type() {
        for (head, said) in [
            (&b"<svg xmlns='http://www.w3.org/2000/svg'>"[..], "image/svg+xml"),
            (b"<!doctype html><script>", "text/html"),
            (b"<script>alert(1)</script>", "image/png"),
            (b"hello <script>", "text/plain"),
            (b"\xef\xbb\xbf<html>", "text/csv"),
            (b"MZ\x90", "application/pdf"),
            (b"alert(1)", "text/javascript"),
            (b"alert(1)", "audio/mpeg"),
            (b"\x1a\x45\xdf\xa3\x42\x82\x88matroska", "audio/webm"),
            (b"\xff\xff\xff\xff", "audio/mpeg"),
            (b"\0\x01", "text/plain"),
            (b"", "image/png"),
        ] {
            assert_eq!(of(head, Some(said)), UNKNOWN, "{said}");
        }
        assert!(!is_shown_inline(UNKNOWN));
        assert!(!is_shown_inline("image/svg+xml"));
        assert!(!is_shown_inline("text/html"));
    }

    #[test]
    fn documents_keep_their_type_and_are_never_shown() {
        assert_eq!(of(b"%PDF-1.7", Some("application/pdf")), "application/pdf");
        assert_eq!(
            of("été;1\n".as_bytes(), Some("text/csv; charset=utf-8")),
            "text/csv"
        );
        assert_eq!(of(&"é".as_bytes()[..1], Some("text/plain")), "text/plain");
        assert!(!is_shown_inline("application/pdf"));
        assert!(!is_shown_inline("text/plain"));
    }
}
