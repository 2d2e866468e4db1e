//! Every text that a service may say (facts 1.7; an alarm's as seen in a public log; of zones also the developer guide,
//! service-rebalancing-event-messages-list), with `*` for what varies.

/// The texts that services say here.
pub const SAID: [&str; 24] = [
    "(service *) has reached a steady state.",
    "(service *) has started * tasks: *.",
    "(service *) has started * tasks: *. Amazon ECS replaced * tasks due to an unhealthy status.",
    "(service *) has started * tasks in * to AZ Rebalance: *.",
    "(service *) has stopped * running tasks: *.",
    "(service *) has stopped * running tasks in * due to AZ rebalancing: *.",
    "(service *) stopped * pending tasks.",
    "(service *) registered * targets in (target-group *)",
    "(service *) deregistered * targets in (target-group *)",
    "(service *) has begun draining connections on * tasks.",
    "(service *, taskSet ecs-svc/*) has begun draining connections on * tasks.",
    "(service *) (task *) (port *) is unhealthy in (target-group *) due to (reason *).",
    "(service *) (task *) failed container health checks.",
    "(service *) (deployment ecs-svc/*) deployment completed.",
    "(service *) (deployment ecs-svc/*) deployment failed: tasks failed to start.",
    "(service *) (deployment ecs-svc/*) deployment failed: alarm detected.",
    "(service *) rolling back to deployment ecs-svc/*.",
    "(service *) was unable to place a task. Reason: *.",
    "(service *) was unable to reach steady state because (taskSet ecs-svc/*) was unable to scale in due to (reason * tasks under \
     protection)",
    "(service *) is AZ balanced with *.",
    "(service *) is not AZ balanced with *. AZ Rebalancing in progress.",
    "(service *) is unable to consistently start tasks successfully.",
    "(service *) failed to launch a task with (error *).",
    "(service *) was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the \
     minimumHealthyPercent or maximumPercent value and try again.",
];

/// The texts of the facts that no service says here, and why none does. One that does has left what is simulated.
pub const NEVER_SAID: [(&str, &str); 7] = [
    (
        "(service *) was unable to place a task because no container instance met all of its requirements.*",
        "there are no container instances",
    ),
    (
        "(service *) was unable to reach steady state. Reason: No Container Instances were found in your capacity provider.",
        "there are no container instances",
    ),
    ("(service *) (instance *) is unhealthy in (elb *) due to (reason *)", "there are no Classic Load Balancers"),
    (
        "(service *) operations are being throttled. Will try again later.",
        "nothing throttles the scheduler's own calls",
    ),
    (
        "(service *)*Capacity is unavailable at this time. Please try again later or in a different availability zone.",
        "Fargate never runs out of capacity",
    ),
    ("*is not healthy in target-group * due to TARGET GROUP IS NOT FOUND.", "how it begins is not known"),
    ("*is not healthy in target-group * due to TARGET IS NOT FOUND.", "how it begins is not known"),
];

/// Whether `message`, a service event's, is one of the texts that AWS is known to say.
#[must_use]
pub fn knows(message: &str) -> bool {
    SAID.iter().any(|text| fits(text, message))
}

/// Whether `message` is `text` with something in place of each `*`.
#[must_use]
pub fn fits(text: &str, message: &str) -> bool {
    match text.split_once('*') {
        None => text == message,
        Some((before, after)) => message.strip_prefix(before).is_some_and(|rest| {
            (1..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| fits(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::knows;

    #[test]
    fn the_catalogue_knows_its_texts_and_no_others() {
        assert!(knows("(service news-api) has started 1 tasks: (task 0123)."));
        assert!(!knows("(service news-api) has started 1 tasks: (task 0123)"));
        assert!(!knows("(service news-api) feels fine."));
    }
}
