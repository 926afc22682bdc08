//! What the fields of an account may hold, whoever sets them (administrators over HTTP, the command line).

use std::net::IpAddr;

use crate::{
    domain::Roles,
    protocol::error::{Code, Error, Result},
};

const MOST_NAME_CHARS: usize = 64;
const MOST_DISPLAY_CHARS: usize = 128;
const LANGS: [&str; 3] = ["fr", "en", "ar"];

/// The language of an account that was given none.
pub const DEFAULT_LANG: &str = "fr";

/// Names are typed at every login: no blanks, nothing invisible.
pub fn check_username(name: &str) -> Result<()> {
    let chars = name.chars().count();
    if chars == 0 || chars > MOST_NAME_CHARS || name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid("A user name has 1 to 64 characters and no blanks."));
    }
    Ok(())
}

pub fn check_display_name(name: &str) -> Result<()> {
    check_line(
        name,
        MOST_DISPLAY_CHARS,
        "A display name is one line of 1 to 128 characters.",
    )
}

pub fn check_terminal_name(name: &str) -> Result<()> {
    check_line(
        name,
        MOST_NAME_CHARS,
        "A terminal's name is one line of 1 to 64 characters.",
    )
}

fn check_line(text: &str, most: usize, otherwise: &'static str) -> Result<()> {
    if text.trim().is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Error::invalid(otherwise));
    }
    Ok(())
}

pub fn check_role(role: &str, roles: &Roles) -> Result<()> {
    if roles.get(role).is_none() {
        return Err(Error::invalid("There is no such role."));
    }
    Ok(())
}

pub fn check_lang(lang: &str) -> Result<()> {
    if !LANGS.contains(&lang) {
        return Err(Error::invalid("lang is fr, en or ar."));
    }
    Ok(())
}

/// The one form of an address, under which it is stored and compared.
pub fn canonical(address: IpAddr) -> String {
    address.to_canonical().to_string()
}

/// The answer to whoever would leave the hub without an administrator.
pub fn last_administrator() -> Error {
    Error::new(
        Code::PreconditionFailed,
        "This is the last active administrator; make another one first.",
    )
}
