//! The World, driven from outside in virtual time.

mod virtual_time;

mod access;
mod alarms;
mod breaker;
mod breaker_count;
mod capacity;
mod catalogue;
mod code_deploy;
mod consistency;
mod container_health;
mod deadlock;
mod deletion;
mod deploy_policy;
mod doubts;
mod driver;
mod early_success;
mod history;
mod listener_rules;
mod network_interfaces;
mod order;
mod properties;
mod protection;
mod refusals;
mod rollout;
mod run_task;
mod second_opinion;
mod start;
mod statuses;
mod stop_deployment;
mod tables;
mod targets;
mod traffic_shift;
mod words;
