//! Blue/green, linear and canary deployments in virtual time (facts 2.4).
//!
//! In reading order: what the tests need ([`scene`]), undisturbed deployments ([`clean`]), hooks ([`hooks`]), deployments that go back
//! ([`rollback`]), those that somebody stops or an alarm ends ([`requests`]), what AWS refuses ([`refusals`]), and what must hold of all of them ([`properties`]).

mod clean;
mod hooks;
mod properties;
mod refusals;
mod requests;
mod rollback;
mod scene;
