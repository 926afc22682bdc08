//! HTTP as any client speaks it.

use serde_json::Value;
use ureq::{Agent, http};

use super::PATIENCE;

#[derive(Clone)]
pub struct Client {
    agent: Agent,
    base: String,
    token: Option<String>,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub text: String,
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.json()
    }

    /// Checks that this is the problem document of `code`, whole, and answers it.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "{kind}");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["type", "title", "detail", "request_id"] {
            assert!(
                problem[member].as_str().is_some_and(|s| !s.is_empty()),
                "{member}: {problem}"
            );
        }
        problem
    }
}

impl Client {
    pub fn new(base: &str, token: Option<String>) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .build()
            .new_agent();
        Self {
            agent,
            base: base.to_owned(),
            token,
            headers: Vec::new(),
        }
    }

    /// The same client with one more header on every request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn try_get(&self, path: &str) -> Option<Reply> {
        self.send("GET", path, None).ok()
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None).unwrap()
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None).unwrap()
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, Some(body.to_string())).unwrap()
    }

    #[track_caller]
    pub fn post_text(&self, path: &str, body: &str) -> Reply {
        self.send("POST", path, Some(body.to_owned())).unwrap()
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send("PATCH", path, Some(body.to_string())).unwrap()
    }

    pub fn send(&self, method: &str, path: &str, body: Option<String>) -> Result<Reply, ureq::Error> {
        let response = self.open(method, path, body)?;
        let (parts, mut body) = response.into_parts();
        Ok(Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: body.read_to_string()?,
        })
    }

    /// A body of any type and length.
    #[track_caller]
    pub fn post_bytes(&self, path: &str, content_type: &str, body: &[u8]) -> Reply {
        let mut request = http::Request::builder()
            .method("POST")
            .uri(format!("{}{path}", self.base))
            .header("content-type", content_type);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = self.agent.run(request.body(body).unwrap()).unwrap();
        let (parts, mut body) = response.into_parts();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: body.read_to_string().unwrap(),
        }
    }

    /// Status, headers and the bytes of the body.
    #[track_caller]
    pub fn bytes(&self, method: &str, path: &str) -> (u16, http::HeaderMap, Vec<u8>) {
        let (parts, mut body) = self.open(method, path, None).unwrap().into_parts();
        (parts.status.as_u16(), parts.headers, body.read_to_vec().unwrap())
    }

    /// The response with its body still to be read.
    pub fn open(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match body {
            None => self.agent.run(request.body(())?),
            Some(body) => {
                if !self
                    .headers
                    .iter()
                    .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
                {
                    request = request.header("content-type", "application/json");
                }
                self.agent.run(request.body(body)?)
            }
        }
    }
}
