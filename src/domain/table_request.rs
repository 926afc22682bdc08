//! A request on one table in the manner of PostgREST (PROTOCOL section 4, `/api/tables`).

use crate::protocol::SqlValue;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Neq,
    Gt,
    Gte,
    Lt,
    Lte,
    /// `*` stands for `%`; case-sensitive.
    Like,
    /// As `Like`, ASCII case-insensitive.
    Ilike,
    In,
    /// `is.null`
    IsNull,
    /// `not.is.null`
    IsNotNull,
}

/// `column=operator.value`. `values` holds one value, or several for `In`, or none for `IsNull`.
/// Texts from a query string are compared with the affinity of the column.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub column: String,
    pub operator: Operator,
    pub values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub column: String,
    pub descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TableAction {
    List {
        select: Option<Vec<String>>,
        filters: Vec<Filter>,
        order: Vec<Order>,
        limit: Option<u64>,
        offset: u64,
    },
    /// Key values in key order, as texts of the path.
    Get {
        key: Vec<String>,
        select: Option<Vec<String>>,
    },
    Insert {
        values: Vec<(String, SqlValue)>,
    },
    Update {
        key: Vec<String>,
        values: Vec<(String, SqlValue)>,
    },
    Delete {
        key: Vec<String>,
    },
}

impl TableAction {
    pub const fn is_read(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Get { .. })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct TableRequest {
    pub table: String,
    pub action: TableAction,
}
