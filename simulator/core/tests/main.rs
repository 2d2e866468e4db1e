//! The World, driven from outside in virtual time.

mod virtual_time;

mod breaker;
mod container_health;
mod rollout;
mod run_task;
