//! Drives the program from outside, as a user does. Everything here needs a container engine and fails without one, but for
//! the tests of the tree itself and of bad input.

mod app;
mod bad_input;
mod beside;
mod bootstrap;
mod data;
mod engine;
mod faults;
mod flags;
mod init;
mod interrupted;
mod objects;
mod order;
mod permissions;
mod rehearse;
mod serve;
mod shift;
mod start;
mod tidy;
mod whole;
