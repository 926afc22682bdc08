//! Passwords, tokens, throttling. Pure: no database, no actors.
