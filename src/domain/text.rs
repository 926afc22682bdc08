//! Text for people in French, English and Arabic.

use serde::Deserialize;

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

impl Text {
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
