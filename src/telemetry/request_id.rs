//! The id that stands in an error and in its log line.

use std::fmt;

use tracing::Span;
use uuid::Uuid;

/// One per request; time-ordered, so that an id also says when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The span of the request: everything logged within carries the id.
    #[must_use]
    pub fn span(self, kind: &str) -> Span {
        tracing::info_span!("request", request_id = %self, kind)
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_and_in_order_of_time() {
        let ids: Vec<String> = (0..100).map(|_| RequestId::new().to_string()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
