//! Signature Version 4: who signed a request, and whether they did.
//!
//! A signature is checked by making it again ([`canonical`]), of exactly the headers that the client signed, and comparing. Deliberately
//! absent: signing by the `Date` header alone, SigV4A and streamed payload signatures, which no client of the simulated services
//! uses.

mod canonical;
mod claim;
mod mistrust;
mod sign;
#[cfg(test)]
mod tests;
mod verify;

pub use claim::{Claim, Form, Scope};
pub use mistrust::Mistrust;
pub use sign::{Signer, SigningError, sign};
pub use verify::verify;
