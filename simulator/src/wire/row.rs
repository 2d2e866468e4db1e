//! The operation table: each operation is one row.
//!
//! A call has three parts: it is read, carried out, and its answer is written. Only the second needs the account for itself, so that the
//! others can be done beside other calls.

use std::sync::Arc;

use serde_json::Value;
use simulator_core::{Access, Caller, Home, Operation, Refusal, Timestamp, World};

use super::{Document, Input, IntoDocument};

/// Reads one call.
type Read = Box<dyn Fn(Value, &Home) -> Result<Box<dyn Call>, Refusal> + Send + Sync>;

/// Writes the answer of a call that was carried out.
pub type Write = Box<dyn FnOnce(&Home) -> Document + Send>;

/// A call that was read.
pub trait Call: Send {
    /// What it must be allowed: what IAM decides on, as data. Refuses as the call would before that.
    ///
    /// # Errors
    /// What the operation refuses before IAM is asked.
    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal>;

    /// Authorises and performs it.
    ///
    /// # Errors
    /// IAM's denial, or the service's own refusal.
    fn carry_out(self: Box<Self>, world: &mut World, now: Timestamp, caller: &Caller) -> Result<Write, Refusal>;
}

/// One operation of a service.
pub struct Row {
    /// Its name on the wire, such as `CreateUser`.
    pub name: &'static str,
    /// Whether it is called without a signature.
    pub unsigned: bool,
    /// Its name in the trace, such as `iam:CreateUser`.
    operation: &'static str,
    read: Read,
}

/// What the names of operations begin with that only look, and of those that hand out something new all the same.
const LOOKING: [&str; 7] = ["Describe", "List", "Get", "BatchGet", "BatchCheck", "Filter", "Simulate"];
const HANDING_OUT: [&str; 3] = ["GetAuthorizationToken", "GetSessionToken", "GetFederationToken"];

impl Row {
    /// The same of an operation that nobody signs, whose caller is nobody whatever a signature says.
    #[must_use]
    pub fn unsigned(self) -> Self {
        Self { unsigned: true, ..self }
    }

    /// Whether it changes nothing of the account but the trace and when a key was last used.
    #[must_use]
    pub fn reads(&self) -> bool {
        LOOKING.iter().any(|start| self.name.starts_with(start)) && !HANDING_OUT.contains(&self.name)
    }

    /// Reads `request`.
    ///
    /// # Errors
    /// It is not what the operation takes, or asks for what is not simulated.
    pub fn read(&self, request: Value, home: &Home) -> Result<Box<dyn Call>, Refusal> {
        (self.read)(request, home)
    }

    /// Carries out a call that was read, or notes in the trace that it could not be.
    ///
    /// # Errors
    /// Why it could not be read, IAM's denial, or the service's own refusal.
    pub fn carry_out(
        &self,
        call: Result<Box<dyn Call>, Refusal>,
        world: &mut World,
        now: Timestamp,
        caller: &Caller,
    ) -> Result<Write, Refusal> {
        let anonymous = self.unsigned.then(|| world.anonymous());
        let caller = anonymous.as_ref().unwrap_or(caller);
        match call {
            Ok(call) => call.carry_out(world, now, caller),
            Err(refusal) => {
                world.refuse(now, caller, self.operation, &refusal);
                Err(refusal)
            }
        }
    }

    /// Reads, authorises, performs and answers one call.
    ///
    /// # Errors
    /// What any of these refuses.
    pub fn handle(
        &self,
        world: &mut World,
        now: Timestamp,
        caller: &Caller,
        request: Value,
    ) -> Result<Document, Refusal> {
        let home = world.home();
        let call = self.read(request, &home);
        self.carry_out(call, world, now, caller).map(|write| write(&home))
    }

    /// What the call that `request` makes must be allowed.
    ///
    /// # Errors
    /// What the call refuses before IAM is asked.
    pub fn asks(&self, world: &World, request: Value) -> Result<Vec<Access>, Refusal> {
        self.read(request, &world.home())?.accesses(world)
    }
}

/// The row of operation `O`: how its input is read and how its output is written. What is in the request and not read is
/// refused as not simulated, never ignored.
pub fn row<O, D: IntoDocument>(
    name: &'static str,
    decode: impl Fn(&mut Input, &Home) -> Result<O, Refusal> + Send + Sync + 'static,
    encode: impl Fn(O::Output, &Home) -> D + Send + Sync + 'static,
) -> Row
where
    O: Operation<Output: Send + 'static> + Send + 'static,
{
    let encode = Arc::new(encode);
    table_row(name, decode, move |output, _: &World| -> Write {
        let encode = Arc::clone(&encode);
        Box::new(move |home| encode(output, home).into_document())
    })
}

/// The same of an operation whose output only names what the account has, so that its answer is written from the account itself.
pub fn viewing_row<O, D: IntoDocument>(
    name: &'static str,
    decode: impl Fn(&mut Input, &Home) -> Result<O, Refusal> + Send + Sync + 'static,
    encode: impl Fn(O::Output, &World) -> D + Send + Sync + 'static,
) -> Row
where
    O: Operation + Send + 'static,
{
    table_row(name, decode, move |output, world: &World| -> Write {
        let document = encode(output, world).into_document();
        Box::new(|_| document)
    })
}

fn table_row<O, W>(
    name: &'static str,
    decode: impl Fn(&mut Input, &Home) -> Result<O, Refusal> + Send + Sync + 'static,
    answer: W,
) -> Row
where
    O: Operation + Send + 'static,
    W: Fn(O::Output, &World) -> Write + Send + Sync + 'static,
{
    let answer = Arc::new(answer);
    let read = move |request: Value, home: &Home| -> Result<Box<dyn Call>, Refusal> {
        let mut input = Input::new(O::NAME, request)?;
        let operation = decode(&mut input, home)?;
        input.finish()?;
        Ok(Box::new(Known { operation, answer: Arc::clone(&answer) }))
    };
    Row { name, unsigned: false, operation: O::NAME, read: Box::new(read) }
}

/// A call of operation `O`, and how it is answered.
struct Known<O, W> {
    operation: O,
    answer: Arc<W>,
}

impl<O, W> Call for Known<O, W>
where
    O: Operation + Send,
    W: Fn(O::Output, &World) -> Write + Send + Sync,
{
    fn accesses(&self, world: &World) -> Result<Vec<Access>, Refusal> {
        self.operation.accesses(world)
    }

    fn carry_out(self: Box<Self>, world: &mut World, now: Timestamp, caller: &Caller) -> Result<Write, Refusal> {
        let Self { operation, answer } = *self;
        let output = world.call(now, caller, operation)?;
        Ok(answer(output, world))
    }
}
