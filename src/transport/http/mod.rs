//! HTTP: one file per resource; the authorisation is in the handler's argument type.
