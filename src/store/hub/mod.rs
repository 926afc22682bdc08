//! What the hub itself owns: users, logins, audit. The only place that knows diesel.
