//! Texts of a rule with `{new.column}` and `{old.column}` to fill in.

use std::fmt::Write as _;

use super::Side;
use crate::{
    domain::{Change, Shape, text::Text},
    protocol::SqlValue,
};

/// A filled text is cut here, characters.
const MAX_CHARS: usize = 4_000;

/// The three languages of a text, taken apart.
#[derive(Debug)]
pub struct Template {
    fr: Option<Vec<Part>>,
    en: Option<Vec<Part>>,
    ar: Option<Vec<Part>>,
    /// All three say the same: filled once.
    plain: bool,
}

#[derive(Debug)]
enum Part {
    Words(String),
    Value(Side, usize),
}

impl Template {
    /// An error names the placeholder that the shape has no column for.
    pub fn new(text: &Text, shape: &Shape) -> Result<Self, String> {
        let take = |text: &Option<String>| text.as_deref().map(|text| parts(text, shape)).transpose();
        Ok(Self {
            fr: take(&text.fr)?,
            en: take(&text.en)?,
            ar: take(&text.ar)?,
            plain: text.fr == text.en && text.en == text.ar,
        })
    }

    pub fn fill(&self, change: &Change) -> Text {
        let fill = |parts: &Option<Vec<Part>>| parts.as_ref().map(|parts| filled(parts, change));
        if self.plain {
            let text = fill(&self.en);
            return Text {
                fr: text.clone(),
                en: text.clone(),
                ar: text,
            };
        }
        Text {
            fr: fill(&self.fr),
            en: fill(&self.en),
            ar: fill(&self.ar),
        }
    }
}

fn parts(text: &str, shape: &Shape) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((words, after)) = rest.split_once('{') {
        let (name, tail) = after
            .split_once('}')
            .ok_or_else(|| "a `{` in a text is not closed".to_owned())?;
        let value = name
            .split_once('.')
            .and_then(|(side, column)| Some((Side::named(side)?, super::index_of(shape, column)?)));
        let (side, index) = value.ok_or_else(|| format!("`{{{name}}}` names no column"))?;
        parts.push(Part::Words(words.to_owned()));
        parts.push(Part::Value(side, index));
        rest = tail;
    }
    parts.push(Part::Words(rest.to_owned()));
    Ok(parts)
}

fn filled(parts: &[Part], change: &Change) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Words(words) => out.push_str(words),
            Part::Value(side, index) => match side.of(change).and_then(|row| row.get(*index)) {
                Some(SqlValue::Text(text)) => out.push_str(text),
                Some(SqlValue::Integer(n)) => {
                    let _ = write!(out, "{n}"); // a String takes everything
                }
                Some(SqlValue::Real(n)) => {
                    let _ = write!(out, "{n}"); // a String takes everything
                }
                Some(SqlValue::Null | SqlValue::Blob(_) | SqlValue::BlobBytes(_)) | None => {}
            },
        }
    }
    match out.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => {
            out.truncate(at);
            out
        }
        None => out,
    }
}
