//! How nodes hear each other.
