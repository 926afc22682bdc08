//! Every code of the error table, and peers that mean no good.

mod codes;
mod hostile;
