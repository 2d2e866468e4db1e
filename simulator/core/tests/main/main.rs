//! The World, driven from outside in virtual time.

mod virtual_time;

mod breaker;
mod catalogue;
mod container_health;
mod properties;
mod rollout;
mod run_task;
mod targets;
