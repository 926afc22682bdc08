//! Text for people in French, English and Arabic.

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};

/// A title or message: one string for all, or one per language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Form")]
pub struct Text {
    pub fr: Option<String>,
    pub en: Option<String>,
    pub ar: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Plain(String),
    PerLanguage(PerLanguage),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerLanguage {
    fr: Option<String>,
    en: Option<String>,
    ar: Option<String>,
}

impl From<Form> for Text {
    fn from(form: Form) -> Self {
        match form {
            Form::Plain(text) => Self {
                fr: Some(text.clone()),
                en: Some(text.clone()),
                ar: Some(text),
            },
            Form::PerLanguage(PerLanguage { fr, en, ar }) => Self { fr, en, ar },
        }
    }
}

/// As it is read: one string where all languages say the same.
impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.fr == self.en && self.en == self.ar {
            return serializer.serialize_str(self.en.as_deref().unwrap_or(""));
        }
        let mut map = serializer.serialize_map(None)?;
        for (lang, text) in [("fr", &self.fr), ("en", &self.en), ("ar", &self.ar)] {
            if let Some(text) = text {
                map.serialize_entry(lang, text)?;
            }
        }
        map.end()
    }
}

impl Text {
    /// One string for all.
    pub fn plain(text: impl Into<String>) -> Self {
        Form::Plain(text.into()).into()
    }

    /// The text in `lang`, else in English, French, Arabic, else empty.
    pub fn in_lang(&self, lang: &str) -> &str {
        let wanted = match lang {
            "fr" => &self.fr,
            "ar" => &self.ar,
            _ => &self.en,
        };
        wanted
            .as_deref()
            .or(self.en.as_deref())
            .or(self.fr.as_deref())
            .or(self.ar.as_deref())
            .unwrap_or("")
    }
}

/// What has no place in a name that others are shown: it moves a cursor, turns the direction of text, or cannot be seen.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Marks and overrides of direction: `exe.gpj` must not look like `jpg.exe`.
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Seen by nobody, or the end of a line to some.
            | '\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}
