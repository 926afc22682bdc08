//! Names of files as people see them. On the disk a file has a name of ours; this one goes into messages, and to the
//! browsers that save it.

use crate::domain::text::is_unseen;

/// Longest name, bytes of UTF-8: what file systems take.
const LONGEST: usize = 200;

/// Longest ending that is kept where a name is cut, bytes.
const LONGEST_ENDING: usize = 16;

/// Where nothing is left of a name.
const NAMELESS: &str = "file";

/// The last part of a path, without what moves a cursor, turns the direction of text, or means something to a file system.
pub fn harmless(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !is_unseen(*c)).collect();
    // Windows drops dots and spaces at the end, so that two names could be one; a dot in front hides.
    let kept = kept.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if kept.is_empty() {
        return NAMELESS.into();
    }
    shortened(kept)
}

/// Cut in the middle, so that the ending, which says what it is, stays.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name
        .rfind('.')
        .map(|dot| &name[dot..])
        .filter(|ending| ending.len() <= LONGEST_ENDING)
        .unwrap_or_default();
    let mut stem = name.len().min(LONGEST) - ending.len();
    while !name.is_char_boundary(stem) {
        stem -= 1;
    }
    format!("{}{ending}", &name[..stem])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_control_characters_and_turned_text_are_taken_out() {
        for (given, kept) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Windows\\system32\\cmd.exe", "cmd.exe"),
            ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("..", "file"),
            ("dir/", "file"),
            ("", "file"),
            (".htaccess", "htaccess"),
            ("a.txt. ", "a.txt"),
            ("تقرير.pdf", "تقرير.pdf"),
            ("with \"quotes\".txt", "with \"quotes\".txt"),
            ("a\0b", "ab"),
        ] {
            assert_eq!(harmless(given), kept, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let long = harmless(&format!("{}.jpeg", "é".repeat(300)));
        assert!(long.len() <= LONGEST && long.ends_with("é.jpeg"), "{long}");
        assert!(harmless(&"x".repeat(1_000)).len() <= LONGEST);
    }
}
