//! One suite for both drivers: each case says what its containers do and what must be seen, and its body runs in virtual time and on
//! Docker.
//!
//! In reading order: what a case plays on ([`stage`]), how it is set ([`account`]), the cases ([`tasks`], [`dependencies`], [`services`],
//! [`targets`]), and the two stages ([`in_virtual_time`], [`on_docker`], [`program`]).

#![expect(clippy::wildcard_enum_match_arm, reason = "a case picks the events that it looks at")]

mod account;
mod dependencies;
mod in_virtual_time;
mod on_docker;
mod program;
mod services;
mod stage;
mod targets;
mod tasks;

/// Makes a test of every case for each driver. Every case runs on both; one that could not would have to say why here.
macro_rules! cases {
    ($($module:ident :: $case:ident),* $(,)?) => {
        mod virtual_time {
            $(
                #[tokio::test]
                async fn $case() {
                    let stage = crate::in_virtual_time::VirtualStage::open();
                    crate::stage::play(stage, async |stage| crate::$module::$case(stage).await).await;
                }
            )*
        }

        mod docker {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
                async fn $case() {
                    let stage = crate::on_docker::DockerStage::open(stringify!($case)).await;
                    crate::stage::play(stage, async |stage| crate::$module::$case(stage).await).await;
                }
            )*
        }
    };
}

cases! {
    tasks::an_essential_container_that_ends_takes_the_task_with_it,
    tasks::a_container_that_is_not_essential_may_end,
    tasks::a_container_that_ignores_the_signal_is_killed_after_its_timeout,
    tasks::a_container_that_stops_by_itself_says_how,
    tasks::a_container_that_needs_too_much_memory_is_killed,
    tasks::an_image_that_is_refused_keeps_the_task_from_starting,
    tasks::a_command_that_is_not_there_keeps_the_container_from_starting,
    dependencies::start_waits_for_the_container_to_run,
    dependencies::complete_waits_for_the_container_to_end,
    dependencies::success_waits_for_the_container_to_end_well,
    dependencies::success_that_cannot_come_fails_the_task,
    dependencies::healthy_waits_for_the_container_to_be_healthy,
    dependencies::a_start_timeout_ends_the_waiting,
    dependencies::containers_stop_in_the_reverse_order,
    services::a_container_that_is_never_healthy_is_replaced,
    services::a_deployment_that_fails_is_rolled_back,
    targets::a_clean_rollout,
    targets::the_containers_of_a_task_share_one_network,
    targets::the_grace_period_puts_off_the_replacement,
}
