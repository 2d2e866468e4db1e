//! The operation table: each operation is one row.

use serde_json::Value;
use simulator_core::{Caller, Operation, Refusal, Timestamp, World};

use super::Input;

/// Decodes, authorises, performs and encodes one call.
type Handle = Box<dyn Fn(&mut World, Timestamp, &Caller, Value) -> Result<Value, Refusal> + Send + Sync>;

/// One operation of a service.
pub struct Row {
    /// Its name on the wire, such as `CreateUser`.
    pub name: &'static str,
    /// Decodes, authorises, performs and encodes one call.
    pub handle: Handle,
}

/// The row of operation `O`: how its input is read and how its output is written. What is in the request and not read is
/// refused as not simulated, never ignored.
pub fn row<O: Operation + 'static>(
    name: &'static str,
    decode: impl Fn(&mut Input, &World) -> Result<O, Refusal> + Send + Sync + 'static,
    encode: fn(O::Output, &World) -> Value,
) -> Row {
    let handle = move |world: &mut World, now: Timestamp, caller: &Caller, request: Value| {
        let operation = match read(&decode, world, request) {
            Ok(operation) => operation,
            Err(refusal) => {
                world.refuse(now, caller, O::NAME, &refusal);
                return Err(refusal);
            }
        };
        let output = world.call(now, caller, operation)?;
        Ok(encode(output, world))
    };
    Row { name, handle: Box::new(handle) }
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
