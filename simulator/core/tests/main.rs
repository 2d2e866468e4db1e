//! The World, driven from outside in virtual time.

mod virtual_time;

mod rollout;
mod run_task;
