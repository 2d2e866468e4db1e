//! What goes last, and what stays, where everything of the project is taken away.

use super::leftover::seen_by;
use super::model::of;
use super::*;

#[test]
fn a_group_that_a_rule_of_somebody_elses_names_stays_and_is_named() {
    let desired = example();
    // The account was made for several services, and the admin's group has changed hands since.
    let mut account = seen_by(&desired, &complete(&example_several()));
    of!(account, SecurityGroup, SecurityGroup, "news-api-admin").expect("it is there").owner = Owner::Unknown;
    let plan = plan_destruction(&desired, &account, &PlanOptions::default());
    let text = plan.to_string();
    let stays = "security group `news-api-load-balancer` stays: a rule of security group `news-api-admin` names it";
    assert!(text.contains(stays), "{text}");
    assert!(!text.contains("delete security group `news-api-load-balancer`"), "{text}");
    model::apply(&plan, &account);
}

#[test]
fn a_group_goes_after_those_whose_rules_name_it_also_where_nobody_asked_for_the_rule() {
    let desired = example();
    let mut account = complete(&desired);
    let id = |group: &str| format!("sg-{group}");
    // The service's rule names the load balancer's group. Here the load balancer's names the database's, and the database has no rule.
    for (group, source) in [("news-api-database", None), ("news-api-load-balancer", Some("news-api-database"))] {
        let state = of!(account, SecurityGroup, SecurityGroup, group).expect("it is there");
        state.ingress.clear();
        let permission = |source: &str| crate::resource::security_group::Permission::everything_to(&id(source));
        state.ingress.extend(source.map(permission));
    }
    let plan = plan_destruction(&desired, &account, &PlanOptions::default());
    let deletions: Vec<String> = plan.steps().iter().map(|step| step.change.to_string()).collect();
    let place = |group: &str| deletions.iter().position(|line| *line == format!("delete security group `{group}`"));
    assert!(place("news-api-load-balancer") < place("news-api-database"), "{plan}");
    assert!(place("news-api-service") < place("news-api-load-balancer"), "{plan}");
    model::apply(&plan, &account);
}
