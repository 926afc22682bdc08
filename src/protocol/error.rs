//! The one error catalogue (PROTOCOL section 1). `code` is stable; the message is a fixed sentence
//! for a person that names no path, SQL or value the caller could not already see.

use std::borrow::Cow;

use serde_json::{Map, Value};

macro_rules! codes {
    ($($variant:ident $name:literal $status:literal $title:literal;)*) => {
        /// A stable error code, shared by HTTP and the socket.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($variant),* }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// The code as it travels.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name),* }
            }

            /// The HTTP status that carries this code.
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status),* }
            }

            /// RFC 9457 `title`, and the message where no better sentence was given.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$variant => $title),* }
            }
        }
    };
}

codes! {
    InvalidRequest "invalid_request" 400 "The request is malformed.";
    InvalidSql "invalid_sql" 400 "The SQL statement is not valid here.";
    Unauthorized "unauthorized" 401 "A valid token is needed.";
    InvalidCredentials "invalid_credentials" 401 "The user name or the password is wrong.";
    PasswordChangeRequired "password_change_required" 403 "A new password must be set first.";
    Forbidden "forbidden" 403 "This role may not do this.";
    LoginNotAllowedHere "login_not_allowed_here" 403 "This role may not log in from this machine.";
    NotFound "not_found" 404 "There is nothing here.";
    Conflict "conflict" 409 "This key was already used with another request.";
    ConstraintViolation "constraint_violation" 409 "A rule of the database refused this write.";
    PreconditionFailed "precondition_failed" 409 "A condition of this write did not hold; nothing was kept.";
    PayloadTooLarge "payload_too_large" 413 "This is over a size limit.";
    RateLimited "rate_limited" 429 "Too many requests; try again a little later.";
    Unsupported "unsupported" 501 "This is known, but not available in this build.";
    Busy "busy" 503 "The hub is busy; try again a little later.";
    Unavailable "unavailable" 503 "The hub cannot do this now.";
    Timeout "timeout" 504 "This ran past its time limit and was interrupted; nothing of it was kept.";
    Internal "internal" 500 "Something went wrong in the hub.";
}

/// An error on its way to a client. `cause` is for the log only and never travels.
#[derive(Debug, Clone)]
pub struct Error {
    pub code: Code,
    pub message: Cow<'static, str>,
    /// Extra members beside `code`: `retry_after_ms`, `constraint`, `limit`.
    pub extra: Map<String, Value>,
    pub cause: Option<String>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            extra: Map::new(),
            cause: None,
        }
    }

    /// The code with its standard sentence.
    pub fn of(code: Code) -> Self {
        Self::new(code, code.title())
    }

    /// A bug or a broken environment: the sentence is fixed, the cause goes to the log.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::of(Code::Internal).caused_by(cause)
    }

    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    #[must_use]
    pub fn caused_by(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn retry_after_ms(self, ms: u64) -> Self {
        self.with("retry_after_ms", ms)
    }

    /// The members of a WebSocket `error` frame, `{"type":"error","id":…,"code":…}`.
    pub fn to_frame(&self, id: Option<&Value>, request_id: &str) -> Value {
        let mut frame = self.extra.clone();
        frame.insert("type".into(), "error".into());
        frame.insert("id".into(), id.cloned().unwrap_or(Value::Null));
        frame.insert("code".into(), self.code.as_str().into());
        frame.insert("message".into(), self.message.as_ref().into());
        frame.insert("request_id".into(), request_id.into());
        Value::Object(frame)
    }

    /// The RFC 9457 problem document.
    pub fn to_problem(&self, request_id: &str) -> Value {
        let mut problem = self.extra.clone();
        problem.insert(
            "type".into(),
            format!("urn:comptoir:error:{}", self.code.as_str()).into(),
        );
        problem.insert("title".into(), self.code.title().into());
        problem.insert("status".into(), self.code.status().into());
        problem.insert("code".into(), self.code.as_str().into());
        problem.insert("detail".into(), self.message.as_ref().into());
        problem.insert("request_id".into(), request_id.into());
        Value::Object(problem)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)?;
        if let Some(cause) = &self.cause {
            write!(f, " ({cause})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
