//! SQL text cut into statements and annotations. Knows strings, quoted names, comments and the
//! bodies of triggers; what a statement means is SQLite's to say.

/// A named parameter as it stands in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// With its first character: `:name`, `@name`, `$name`, `?`, `?1`.
    pub text: String,
    pub line: u32,
    /// Byte at which it begins in the statement's `sql`.
    pub start: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Without the comments before it and without its `;`.
    pub sql: String,
    /// Line of its first word, from 1.
    pub line: u32,
    pub variables: Vec<Variable>,
    /// Its first word in lower case.
    pub first_word: String,
    /// Ended by `;` rather than by the end of the text or by the next function.
    pub terminated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Statement(Statement),
    /// A comment `-- key: value` that begins its line.
    Annotation {
        key: String,
        value: String,
        line: u32,
    },
}

/// A text that ends inside a string, a quoted name or a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unclosed {
    pub line: u32,
    pub what: &'static str,
}

/// Cuts `text` into its statements and annotations, in order.
pub fn split(text: &str) -> Result<Vec<Piece>, Unclosed> {
    let mut splitter = Splitter {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        pieces: Vec::new(),
        open: None,
    };
    splitter.run()?;
    Ok(splitter.pieces)
}

/// The statement that is being read.
struct Open {
    start: usize,
    line: u32,
    /// After its last token: comments behind it are not part of it.
    end: usize,
    words: Vec<String>,
    variables: Vec<Variable>,
    /// Open `BEGIN` and `CASE` of a trigger: its inner `;` do not end it.
    depth: u32,
    annotations: Vec<Piece>,
}

impl Open {
    fn is_trigger(&self) -> bool {
        self.words.first().is_some_and(|word| word == "create")
            && self.words.iter().any(|word| word == "trigger")
    }
}

struct Splitter<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u32,
    pieces: Vec<Piece>,
    open: Option<Open>,
}

impl Splitter<'_> {
    fn run(&mut self) -> Result<(), Unclosed> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                _ if byte.is_ascii_whitespace() => self.at += 1,
                b'-' if self.next_is(b'-') => self.line_comment(),
                b'/' if self.next_is(b'*') => self.block_comment()?,
                b'\'' => self.quoted(b'\'', "a string")?,
                b'"' | b'`' => self.quoted(byte, "a quoted name")?,
                b'[' => self.quoted(b']', "a quoted name")?,
                b';' => self.semicolon(),
                b':' | b'@' | b'$' | b'?' => self.variable(),
                _ if is_word(byte) => self.word(),
                _ => {
                    let start = self.at;
                    self.at += 1;
                    self.token(start, self.line);
                }
            }
        }
        self.close(false);
        Ok(())
    }

    fn next_is(&self, byte: u8) -> bool {
        self.bytes.get(self.at + 1) == Some(&byte)
    }

    /// Notes a token that began at `start` and ends here.
    fn token(&mut self, start: usize, line: u32) -> &mut Open {
        let end = self.at;
        let open = self.open.get_or_insert_with(|| Open {
            start,
            line,
            end,
            words: Vec::new(),
            variables: Vec::new(),
            depth: 0,
            annotations: Vec::new(),
        });
        open.end = end;
        open
    }

    fn word(&mut self) {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| is_word(*byte)) {
            self.at += 1;
        }
        let word = self.text[start..self.at].to_ascii_lowercase();
        let line = self.line;
        let open = self.token(start, line);
        if open.is_trigger() {
            match word.as_str() {
                "begin" | "case" => open.depth += 1,
                "end" => open.depth = open.depth.saturating_sub(1),
                _ => {}
            }
        }
        // `CREATE TEMPORARY TRIGGER` is the longest beginning that must be recognised.
        if open.words.len() < 3 {
            open.words.push(word);
        }
    }

    fn variable(&mut self) {
        let start = self.at;
        self.at += 1;
        while self.bytes.get(self.at).is_some_and(|byte| is_word(*byte)) {
            self.at += 1;
        }
        let text = self.text[start..self.at].to_owned();
        let line = self.line;
        let open = self.token(start, line);
        let start = start - open.start;
        open.variables.push(Variable { text, line, start });
    }

    fn quoted(&mut self, close: u8, what: &'static str) -> Result<(), Unclosed> {
        let (start, line) = (self.at, self.line);
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None => return Err(Unclosed { line, what }),
                Some(&byte) if byte == close => {
                    self.at += 1;
                    // A doubled quote stands for itself; `]` has no such form.
                    if close == b']' || self.bytes.get(self.at) != Some(&close) {
                        break;
                    }
                    self.at += 1;
                }
                Some(&byte) => {
                    self.line += u32::from(byte == b'\n');
                    self.at += 1;
                }
            }
        }
        self.token(start, line);
        Ok(())
    }

    fn block_comment(&mut self) -> Result<(), Unclosed> {
        let line = self.line;
        self.at += 2;
        while !(self.bytes.get(self.at) == Some(&b'*') && self.next_is(b'/')) {
            match self.bytes.get(self.at) {
                None => {
                    return Err(Unclosed {
                        line,
                        what: "a comment",
                    });
                }
                Some(byte) => self.line += u32::from(*byte == b'\n'),
            }
            self.at += 1;
        }
        self.at += 2;
        Ok(())
    }

    fn line_comment(&mut self) {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| *byte != b'\n') {
            self.at += 1;
        }
        let line_start = self.text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        if !self.text[line_start..start].trim().is_empty() {
            return;
        }
        let Some((key, value)) = annotation(&self.text[start..self.at]) else {
            return;
        };
        let piece = Piece::Annotation {
            key: key.to_owned(),
            value: value.to_owned(),
            line: self.line,
        };
        // The next function ends the statement before it; any other annotation inside a statement
        // stands behind it, and the reader of functions says that a `;` is missing.
        if key == "name" {
            self.close(false);
        }
        match &mut self.open {
            Some(open) => open.annotations.push(piece),
            None => self.pieces.push(piece),
        }
    }

    fn semicolon(&mut self) {
        if self.open.as_ref().is_some_and(|open| open.depth > 0) {
            let start = self.at;
            self.at += 1;
            let line = self.line;
            self.token(start, line);
            return;
        }
        self.close(true);
        self.at += 1;
    }

    fn close(&mut self, terminated: bool) {
        let Some(open) = self.open.take() else { return };
        self.pieces.push(Piece::Statement(Statement {
            sql: self.text[open.start..open.end].to_owned(),
            line: open.line,
            variables: open.variables,
            first_word: open.words.into_iter().next().unwrap_or_default(),
            terminated: terminated && open.annotations.is_empty(),
        }));
        self.pieces.extend(open.annotations);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// `-- key: value`, where `key` is one lower-case word directly followed by the colon.
fn annotation(comment: &str) -> Option<(&str, &str)> {
    let (key, value) = comment.trim_start_matches('-').trim().split_once(':')?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_key.then(|| (key, value.trim()))
}
