//! `?since=&tables=&echo=`, which sockets and streams understand alike.

use crate::{
    protocol::error::{Error, Result},
    session::StreamQuery,
};

use super::http::encoding::decode_query;

/// What a stream is asked for, and the parameters that say nothing of it. What cannot be decoded is
/// `invalid_request`: a `since` passed over would lose what the client missed.
pub fn parse(raw: &str) -> Result<(StreamQuery, Vec<(String, String)>)> {
    let mut wanted = StreamQuery::default();
    let mut others = Vec::new();
    for (name, value) in decode_query(raw)? {
        match name.as_str() {
            "since" => wanted.since = Some(value).filter(|since| !since.is_empty()),
            "tables" => wanted.tables = (value != "*").then(|| table_names(&value)),
            "echo" => {
                wanted.no_echo = match value.as_str() {
                    "false" | "0" => true,
                    "true" | "1" | "" => false,
                    _ => return Err(Error::invalid("echo is true or false.")),
                }
            }
            _ => others.push((name, value)),
        }
    }
    Ok((wanted, others))
}

fn table_names(value: &str) -> Vec<String> {
    value
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_of_a_stream_is_read() {
        let (wanted, others) = parse("since=a%2Fb&tables=ventes,%20produits,&echo=false&_=1").unwrap();
        assert_eq!(wanted.since.as_deref(), Some("a/b"));
        assert_eq!(wanted.tables.unwrap(), ["ventes", "produits"]);
        assert!(wanted.no_echo);
        assert_eq!(others, [("_".to_owned(), "1".to_owned())]);
        let (all, _) = parse("tables=*&since=").unwrap();
        assert!(all.tables.is_none() && all.since.is_none() && !all.no_echo);
        assert!(parse("since=%zz").is_err());
    }
}
