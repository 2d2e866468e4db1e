//! The World, driven from outside in virtual time.

mod virtual_time;

mod access;
mod breaker;
mod catalogue;
mod consistency;
mod container_health;
mod deadlock;
mod order;
mod properties;
mod rollout;
mod run_task;
mod start;
mod tables;
mod targets;
mod words;
