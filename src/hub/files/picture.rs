//! Size and thumbnail of a picture. What is decoded here was made by anybody: its size is read before any of it is
//! decoded, and neither pixels nor memory are without limit.

use std::{fs::File, io::BufReader, io::Cursor, path::Path};

use image::{
    DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder,
    metadata::Orientation,
};

/// The most pixels of a picture; one with more is a file like any other, and nobody's browser is made to decode it.
const MAX_PIXELS: u64 = 50_000_000;

/// The most bytes that decoding may hold at one time.
const MAX_MEMORY: u64 = 256 << 20;

/// The longer side of a thumbnail.
const THUMBNAIL_SIDE: u32 = 320;

const THUMBNAIL_QUALITY: u8 = 80;

/// Width and height as a picture is seen, turned as its camera says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

/// A small copy.
pub struct Thumbnail {
    pub bytes: Vec<u8>,
    pub mime: &'static str,
}

/// Reads no more than the header. `None`: it is no picture of this type, or one too large.
pub fn measure(path: &Path, mime: &str) -> Option<Size> {
    let mut decoder = decoder(path, mime)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    let turned = matches!(
        decoder.orientation().ok()?,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if turned { (height, width) } else { (width, height) };
    Some(Size { width, height })
}

/// Decodes a picture that [`measure`] took. `None` where its data is broken or takes too much memory.
pub fn thumbnail(path: &Path, mime: &str) -> Option<Thumbnail> {
    let mut decoder = decoder(path, mime)?;
    if decoder.total_bytes() > MAX_MEMORY {
        return None;
    }
    let orientation = decoder.orientation().ok()?;
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    if picture.width().max(picture.height()) > THUMBNAIL_SIDE {
        picture = picture.thumbnail(THUMBNAIL_SIDE, THUMBNAIL_SIDE);
    }
    picture.apply_orientation(orientation);
    encode(&picture)
}

fn encode(picture: &DynamicImage) -> Option<Thumbnail> {
    let mut bytes = Vec::new();
    let mime = if picture.color().has_alpha() {
        picture
            .to_rgba8()
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .ok()?;
        "image/png"
    } else {
        JpegEncoder::new_with_quality(&mut bytes, THUMBNAIL_QUALITY)
            .encode_image(&picture.to_rgb8())
            .ok()?;
        "image/jpeg"
    };
    Some(Thumbnail { bytes, mime })
}

fn decoder(path: &Path, mime: &str) -> Option<impl ImageDecoder> {
    let format = match mime {
        "image/png" => ImageFormat::Png,
        "image/jpeg" => ImageFormat::Jpeg,
        "image/gif" => ImageFormat::Gif,
        "image/webp" => ImageFormat::WebP,
        _ => return None,
    };
    let mut reader = ImageReader::with_format(BufReader::new(File::open(path).ok()?), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    reader.into_decoder().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The smallest file whose header says so many pixels.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = b"IHDR".to_vec();
        header.extend(width.to_be_bytes());
        header.extend(height.to_be_bytes());
        header.extend([8, 6, 0, 0, 0]);
        png.extend(13_u32.to_be_bytes());
        png.extend(&header);
        png.extend(crc32(&header).to_be_bytes());
        png
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 {
                    (crc >> 1) ^ 0xedb8_8320
                } else {
                    crc >> 1
                }
            })
        })
    }

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        file
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        DynamicImage::new_rgb8(width, height)
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        bytes
    }

    #[test]
    fn a_picture_has_a_size_and_a_small_copy_of_the_same_shape() {
        let picture = file(&png(800, 400));
        assert_eq!(
            measure(picture.path(), "image/png"),
            Some(Size {
                width: 800,
                height: 400
            })
        );
        let small = thumbnail(picture.path(), "image/png").unwrap();
        assert_eq!(small.mime, "image/jpeg");
        let small = image::load_from_memory(&small.bytes).unwrap();
        assert_eq!((small.width(), small.height()), (320, 160));
    }

    #[test]
    fn a_bomb_is_found_by_its_header() {
        for (width, height) in [(65_000, 65_000), (1 << 30, 1), (0, 5)] {
            assert_eq!(measure(file(&bomb(width, height)).path(), "image/png"), None);
        }
    }

    #[test]
    fn what_only_begins_like_a_picture_is_none() {
        for (content, mime) in [
            (&b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"[..], "image/png"),
            (b"GIF89a", "image/gif"),
            (b"\xff\xd8\xff\xe0<html>", "image/jpeg"),
            (b"RIFF\0\0\0\0WEBP<svg>", "image/webp"),
        ] {
            assert_eq!(measure(file(content).path(), mime), None, "{mime}");
        }
    }

    #[test]
    fn a_picture_that_breaks_off_has_a_size_and_no_thumbnail() {
        let whole = png(600, 600);
        let cut = file(&whole[..60]);
        assert!(measure(cut.path(), "image/png").is_some());
        assert!(thumbnail(cut.path(), "image/png").is_none());
    }
}
