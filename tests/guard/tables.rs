//! Requests on one table.
