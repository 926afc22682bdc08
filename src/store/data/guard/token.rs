//! The words of a statement, cut exactly where SQLite's own tokenizer cuts them. Where SQLite's rules are
//! exotic (a variable with a suffix, a BOM or a vertical tab as blank) the statement is refused instead.

use std::borrow::Cow;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// A keyword or a plain name.
    Word(&'a str),
    /// `"x"`, `` `x` `` or `[x]`, without its quotes.
    Quoted(Cow<'a, str>),
    /// `'x'`, without its quotes; SQLite takes it as a name in some places.
    Text(Cow<'a, str>),
    Number,
    Variable,
    Punctuation(u8),
}

impl<'a> Token<'a> {
    /// Whether this is the keyword, in any case, not quoted.
    pub fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    pub fn is_punctuation(&self, byte: u8) -> bool {
        *self == Self::Punctuation(byte)
    }

    /// What it names, where it can be a name.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Quoted(name) | Self::Text(name) => Some(name),
            _ => None,
        }
    }
}

/// Something that no statement may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The words of `sql`, each with the place where it starts.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub fn new(sql: &'a str) -> Self {
        Self { sql, at: 0 }
    }

    /// Where the word taken last ends.
    pub fn position(&self) -> usize {
        self.at
    }

    fn quoted(&mut self, quote: u8) -> Result<Cow<'a, str>, Malformed> {
        let bytes = self.sql.as_bytes();
        let start = self.at + 1;
        let mut end = start;
        let mut doubled = false;
        loop {
            match bytes.get(end) {
                None => return Err(Malformed),
                Some(&byte) if byte == quote => {
                    if quote != b']' && bytes.get(end + 1) == Some(&quote) {
                        doubled = true;
                        end += 2;
                    } else {
                        break;
                    }
                }
                Some(0) => return Err(Malformed),
                Some(_) => end += 1,
            }
        }
        self.at = end + 1;
        let inner = &self.sql[start..end];
        Ok(if doubled {
            let quote = char::from(quote);
            Cow::Owned(inner.replace(&format!("{quote}{quote}"), &quote.to_string()))
        } else {
            Cow::Borrowed(inner)
        })
    }

    /// Past identifier characters.
    fn word_end(&self, mut end: usize) -> usize {
        let bytes = self.sql.as_bytes();
        while bytes.get(end).is_some_and(|byte| is_name_byte(*byte)) {
            end += 1;
        }
        end
    }

    fn skip_blank(&mut self) -> Result<(), Malformed> {
        let bytes = self.sql.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r' | 0x0c) => self.at += 1,
                Some(b'-') if bytes.get(self.at + 1) == Some(&b'-') => {
                    let rest = &bytes[self.at..];
                    self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                }
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'*') => {
                    // SQLite lets the end of the text close a comment; nobody means that.
                    let end = self.sql[self.at + 2..].find("*/").ok_or(Malformed)?;
                    self.at += 2 + end + 2;
                }
                _ => return Ok(()),
            }
        }
    }

    fn take(&mut self) -> Result<Option<(usize, Token<'a>)>, Malformed> {
        self.skip_blank()?;
        let bytes = self.sql.as_bytes();
        let start = self.at;
        let Some(&first) = bytes.get(start) else {
            return Ok(None);
        };
        let token = match first {
            0 | 0x0b => return Err(Malformed),
            b'\'' => Token::Text(self.quoted(first)?),
            b'"' | b'`' => Token::Quoted(self.quoted(first)?),
            b'[' => Token::Quoted(self.quoted(b']')?),
            b'?' => {
                self.at = self.word_end(start + 1);
                Token::Variable
            }
            b':' | b'@' | b'$' | b'#' => {
                let end = self.word_end(start + 1);
                // `$x(…)` and `$x::y` are one variable to SQLite, quotes and all.
                if end == start + 1 || matches!(bytes.get(end), Some(b'(' | b':')) {
                    return Err(Malformed);
                }
                self.at = end;
                Token::Variable
            }
            b'0'..=b'9' => {
                self.at = self.word_end(start + 1);
                Token::Number
            }
            byte if is_name_byte(byte) => {
                let end = self.word_end(start);
                let word = &self.sql[start..end];
                // A BOM is blank to SQLite at the start of a word and a letter inside.
                if word.contains('\u{feff}') {
                    return Err(Malformed);
                }
                self.at = end;
                Token::Word(word)
            }
            byte => {
                self.at = start + 1;
                Token::Punctuation(byte)
            }
        };
        Ok(Some((start, token)))
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Result<(usize, Token<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sql: &str) -> Result<Vec<Token<'_>>, Malformed> {
        Tokens::new(sql).map(|t| t.map(|(_, token)| token)).collect()
    }

    #[test]
    fn names_lose_their_quotes_whatever_they_are() {
        let names: Vec<String> = words("a \"b\"\"c\" [d e] `f` 'g''h'")
            .unwrap()
            .iter()
            .map(|t| t.name().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["a", "b\"c", "d e", "f", "g'h"]);
    }

    #[test]
    fn what_sqlite_would_cut_elsewhere_is_refused() {
        for sql in [
            "SELECT $a(') , 1, $b(')",
            "SELECT :a::b",
            "\u{feff}SELECT 1",
            "SELECT\u{b}1",
            "SELECT 'x",
            "SELECT /* x",
            "SELECT \0 1",
        ] {
            assert!(words(sql).is_err(), "{sql:?}");
        }
    }

    #[test]
    fn comments_are_blank() {
        assert_eq!(
            words("-- x\n/* y ; */ SELECT--z").unwrap(),
            [Token::Word("SELECT")]
        );
    }
}
