//! What is wrong with a pack, where, and why.

use std::fmt;

/// One fault of a pack. Prints as `file:line: reason`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Relative to the pack.
    pub file: String,
    /// From 1; 0 where the fault is of the file as a whole.
    pub line: u32,
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.reason)
        } else {
            write!(f, "{}:{}: {}", self.file, self.line, self.reason)
        }
    }
}

/// Everything that was found wrong with a pack: never empty. Prints one [`Problem`] a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackError {
    pub problems: Vec<Problem>,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PackError {}

impl PackError {
    /// An error with one fault.
    pub fn one(file: impl Into<String>, line: u32, reason: impl Into<String>) -> Self {
        Self {
            problems: vec![Problem {
                file: file.into(),
                line,
                reason: reason.into(),
            }],
        }
    }
}

/// Collects faults, so that a person sees all of them at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn add(&mut self, file: &str, line: u32, reason: impl Into<String>) {
        self.0.push(Problem {
            file: file.to_owned(),
            line,
            reason: reason.into(),
        });
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` where nothing was found; otherwise the faults by file and line, each once.
    pub fn into_result(mut self) -> Result<(), PackError> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort();
        self.0.dedup();
        Err(PackError { problems: self.0 })
    }
}

/// The line, from 1, that holds the byte at `offset`.
pub fn line_at(text: &str, offset: usize) -> u32 {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let newlines = before.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(newlines).unwrap_or(u32::MAX).saturating_add(1)
}
