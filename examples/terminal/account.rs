//! Logging in and staying logged in (PROTOCOL section 2).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// What went wrong, and whether trying again can help.
#[derive(Debug)]
pub enum Refusal {
    /// The hub said no: its sentence.
    Said(String),
    /// The hub could not be reached, or has no time now.
    Later(String),
}

pub struct Account {
    agent: ureq::Agent,
    server: String,
    username: String,
    password: String,
    pub token: String,
    refresh_token: String,
    /// When a fifth of the token's life is left.
    renew_at: Instant,
}

impl Account {
    pub fn new(server: &str, username: &str, password: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            .build();
        Self {
            agent: config.into(),
            server: server.trim_end_matches('/').to_owned(),
            username: username.to_owned(),
            password: password.to_owned(),
            token: String::new(),
            refresh_token: String::new(),
            renew_at: Instant::now(),
        }
    }

    pub fn server(&self) -> &str {
        &self.server
    }

    pub fn log_in(&mut self) -> Result<(), Refusal> {
        let body = json!({"username": self.username, "password": self.password});
        self.ask("/api/auth", &body)
    }

    /// A new token from the refresh token; with the password where that one is no longer good.
    pub fn refresh(&mut self) -> Result<(), Refusal> {
        if self.refresh_token.is_empty() {
            return self.log_in();
        }
        let body = json!({"refresh_token": self.refresh_token});
        match self.ask("/api/auth/refresh", &body) {
            Err(Refusal::Said(_)) => self.log_in(),
            other => other,
        }
    }

    pub fn should_renew(&self) -> bool {
        Instant::now() >= self.renew_at
    }

    /// After a failed renewal: not at once again.
    pub fn renew_later(&mut self) {
        self.renew_at = Instant::now() + Duration::from_secs(5);
    }

    /// What this role may use, for `.tables`.
    pub fn schema(&self) -> Result<Value, Refusal> {
        let asked = self
            .agent
            .get(format!("{}/api/schema", self.server))
            .header("Authorization", format!("Bearer {}", self.token))
            .call();
        read(asked)
    }

    fn ask(&mut self, path: &str, body: &Value) -> Result<(), Refusal> {
        let answer = read(self.agent.post(format!("{}{path}", self.server)).send_json(body))?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        self.token = text("token");
        self.refresh_token = text("refresh_token");
        if self.token.is_empty() {
            return Err(Refusal::Said("The answer holds no token.".into()));
        }
        let life = Duration::from_secs(answer["expires_in"].as_u64().unwrap_or(900));
        self.renew_at = Instant::now() + life * 4 / 5;
        Ok(())
    }
}

type Asked = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

fn read(asked: Asked) -> Result<Value, Refusal> {
    let mut response = asked.map_err(|cause| Refusal::Later(cause.to_string()))?;
    let status = response.status().as_u16();
    let body: Value = response.body_mut().read_json().unwrap_or(Value::Null);
    match status {
        200..=299 => Ok(body),
        429 | 500..=599 => Err(Refusal::Later(sentence(&body, status))),
        _ => Err(Refusal::Said(sentence(&body, status))),
    }
}

fn sentence(body: &Value, status: u16) -> String {
    let code = body["code"].as_str().unwrap_or("error");
    format!(
        "{code}: {}",
        body["detail"]
            .as_str()
            .map_or_else(|| format!("HTTP {status}"), str::to_owned)
    )
}
