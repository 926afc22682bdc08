//! `labels.toml`: what tables, columns, functions and parameters are called before people, and what the sentences of
//! `-- expect` are in other languages.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use toml::Spanned;

use crate::domain::text::Text;

use super::{
    Function, Source,
    error::{Problems, line_at},
};

pub const FILE: &str = "labels.toml";

/// A title, and the line where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub text: Text,
    pub line: u32,
}

/// By name. Fields are columns and parameters: `nom` wherever it stands, `ventes.at` in one table or function.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    pub functions: BTreeMap<String, Label>,
    pub tables: BTreeMap<String, Label>,
    pub fields: BTreeMap<String, Label>,
    /// What each function answers, by its name: known once the pack was checked.
    pub results: BTreeMap<String, Vec<String>>,
}

impl Labels {
    pub fn function(&self, name: &str) -> Option<&Text> {
        self.functions.get(name).map(|label| &label.text)
    }

    pub fn table(&self, name: &str) -> Option<&Text> {
        self.tables.get(name).map(|label| &label.text)
    }

    /// Of a column of a table, or of a parameter or a column of the answer of a function.
    pub fn field(&self, owner: &str, name: &str) -> Option<&Text> {
        let own = self.fields.get(&format!("{owner}.{name}"));
        own.or_else(|| self.fields.get(name)).map(|label| &label.text)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    functions: BTreeMap<String, Spanned<Text>>,
    #[serde(default)]
    tables: BTreeMap<String, Spanned<Text>>,
    #[serde(default)]
    fields: BTreeMap<String, Spanned<Text>>,
    #[serde(default)]
    messages: BTreeMap<String, Spanned<Text>>,
}

/// Reads the file, and gives the sentences of `functions` their other languages; faults go to `problems`.
pub fn parse(
    source: &Source,
    functions: &mut BTreeMap<String, Arc<Function>>,
    problems: &mut Problems,
) -> Labels {
    let file: File = match toml::from_str(&source.text) {
        Ok(file) => file,
        Err(error) => {
            let line = error.span().map_or(0, |span| line_at(&source.text, span.start));
            problems.add(&source.file, line, error.message().replace('\n', "; "));
            return Labels::default();
        }
    };
    let placed = |entry: Spanned<Text>| Label {
        line: line_at(&source.text, entry.span().start),
        text: entry.into_inner(),
    };
    let labels = |entries: BTreeMap<String, Spanned<Text>>| {
        let entries = entries.into_iter();
        entries.map(|(name, entry)| (name, placed(entry))).collect()
    };
    let named: BTreeMap<String, Label> = labels(file.functions);
    for (name, label) in &named {
        if !functions.contains_key(name) {
            problems.add(&source.file, label.line, format!("there is no function `{name}`"));
        }
    }
    for (message, label) in labels(file.messages) {
        if !translate(functions, &message, &label.text) {
            let reason = format!("no `-- expect:` says `{message}`");
            problems.add(&source.file, label.line, reason);
        }
    }
    Labels {
        functions: named,
        tables: labels(file.tables),
        fields: labels(file.fields),
        results: BTreeMap::new(),
    }
}

/// Whether any function says it.
fn translate(functions: &mut BTreeMap<String, Arc<Function>>, message: &str, text: &Text) -> bool {
    let mut said = false;
    for function in functions.values_mut() {
        let says = |step: &super::Step| {
            let expect = step.expect.as_ref();
            expect.is_some_and(|expect| expect.message.as_deref() == Some(message))
        };
        if !function.steps.iter().any(says) {
            continue;
        }
        said = true;
        for step in &mut Arc::make_mut(function).steps {
            if says(step)
                && let Some(expect) = &mut step.expect
            {
                expect.texts = Some(text.clone());
            }
        }
    }
    said
}
