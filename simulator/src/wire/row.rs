//! The operation table: each operation is one row.

use std::sync::Arc;

use serde_json::Value;
use simulator_core::{Access, Caller, Operation, Refusal, Timestamp, World};

use super::{Document, Input, IntoDocument};

/// Decodes, authorises, performs and encodes one call.
type Handle = Box<dyn Fn(&mut World, Timestamp, &Caller, Value) -> Result<Document, Refusal> + Send + Sync>;

/// Decodes one call, and says what it must be allowed.
type Asks = Box<dyn Fn(&World, Value) -> Result<Vec<Access>, Refusal> + Send + Sync>;

/// One operation of a service.
pub struct Row {
    /// Its name on the wire, such as `CreateUser`.
    pub name: &'static str,
    /// Whether it is called without a signature.
    pub unsigned: bool,
    /// Decodes, authorises, performs and encodes one call.
    pub handle: Handle,
    /// Decodes one call, and says what it must be allowed: what IAM decides on, as data. Refuses as the call would before that.
    pub asks: Asks,
}

/// What the names of operations begin with that only look, and of those that hand out something new all the same.
const LOOKING: [&str; 7] = ["Describe", "List", "Get", "BatchGet", "BatchCheck", "Filter", "Simulate"];
const HANDING_OUT: [&str; 3] = ["GetAuthorizationToken", "GetSessionToken", "GetFederationToken"];

impl Row {
    /// Whether it changes nothing of the account but the trace and when a key was last used.
    #[must_use]
    pub fn reads(&self) -> bool {
        LOOKING.iter().any(|start| self.name.starts_with(start)) && !HANDING_OUT.contains(&self.name)
    }
}

/// The row of operation `O`: how its input is read and how its output is written. What is in the request and not read is
/// refused as not simulated, never ignored.
pub fn row<O: Operation + 'static, D: IntoDocument>(
    name: &'static str,
    decode: impl Fn(&mut Input, &World) -> Result<O, Refusal> + Send + Sync + 'static,
    encode: impl Fn(O::Output, &World) -> D + Send + Sync + 'static,
) -> Row {
    let (decode, decode_again) = shared(decode);
    let handle = move |world: &mut World, now: Timestamp, caller: &Caller, request: Value| {
        carry_out(decode.as_ref(), &encode, world, now, caller, request)
    };
    let asks = move |world: &World, request: Value| read(decode_again.as_ref(), world, request)?.accesses(world);
    Row { name, unsigned: false, handle: Box::new(handle), asks: Box::new(asks) }
}

/// The same of an operation that nobody signs, whose caller is nobody whatever a signature says.
pub fn unsigned_row<O: Operation + 'static, D: IntoDocument + 'static>(
    name: &'static str,
    decode: impl Fn(&mut Input, &World) -> Result<O, Refusal> + Send + Sync + 'static,
    encode: fn(O::Output, &World) -> D,
) -> Row {
    let Row { handle, asks, .. } = row(name, decode, encode);
    let handle = move |world: &mut World, now: Timestamp, _: &Caller, request: Value| {
        let anonymous = world.anonymous();
        handle(world, now, &anonymous, request)
    };
    Row { name, unsigned: true, handle: Box::new(handle), asks }
}

fn shared<D>(decode: D) -> (Arc<D>, Arc<D>) {
    let decode = Arc::new(decode);
    (Arc::clone(&decode), decode)
}

fn carry_out<O: Operation, D: IntoDocument>(
    decode: impl Fn(&mut Input, &World) -> Result<O, Refusal>,
    encode: impl Fn(O::Output, &World) -> D,
    world: &mut World,
    now: Timestamp,
    caller: &Caller,
    request: Value,
) -> Result<Document, Refusal> {
    let operation = match read(decode, world, request) {
        Ok(operation) => operation,
        Err(refusal) => {
            world.refuse(now, caller, O::NAME, &refusal);
            return Err(refusal);
        }
    };
    let output = world.call(now, caller, operation)?;
    Ok(encode(output, world).into_document())
}

fn read<O: Operation>(
    decode: impl Fn(&mut Input, &World) -> Result<O, Refusal>,
    world: &World,
    request: Value,
) -> Result<O, Refusal> {
    let mut input = Input::new(O::NAME, request)?;
    let operation = decode(&mut input, world)?;
    input.finish()?;
    Ok(operation)
}
