//! `rpc`: named functions of the pack.

use sha2::{Digest, Sha256};

use crate::{
    executor::{Origin, Work},
    protocol::{
        error::{Code, Error, Result},
        request::Rpc,
    },
};

use super::{
    super::{Context, lanes::Lane},
    Prepared,
    query::{digest_value, idempotency},
};

pub(super) fn prepare(ctx: &Context, origin: &Origin, rpc: Rpc) -> Result<Prepared> {
    let function = ctx
        .pack
        .functions
        .get(&rpc.function)
        .ok_or_else(|| Error::new(Code::NotFound, "There is no such function."))?;
    if !function.callable_by(&origin.role) {
        return Err(Error::forbidden("This role may not call this function."));
    }
    let args = function.bind_args(&rpc.args)?;
    let idempotency = idempotency(rpc.idempotency_key, || {
        let mut digest = Sha256::new_with_prefix(b"rpc\0");
        digest.update(function.name.as_bytes());
        args.iter().for_each(|arg| digest_value(&mut digest, arg));
        digest
    })?;
    let lane = if function.read_only {
        Lane::Alone
    } else {
        Lane::Write
    };
    Ok(Prepared::Run {
        lane,
        work: Work::Call {
            function: function.clone(),
            args,
        },
        idempotency,
    })
}
