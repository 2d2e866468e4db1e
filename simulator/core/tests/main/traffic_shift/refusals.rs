//! What CreateService and UpdateService refuse of services that shift traffic, in the words of troubleshooting-blue-green.

use simulator_core::ecs::UpdateService;
use simulator_core::ecs::service::{AskedShifting, LoadBalancer, StrategyName};
use simulator_core::{Arn, Refusal, Timing};

use super::scene::*;
use crate::virtual_time::{Account, Behaviour};

fn update(account: &Account, change: impl FnOnce(&mut LoadBalancer)) -> UpdateService {
    let mut balancer = LoadBalancer {
        target_group: account.target_group.clone().expect("there is a load balancer"),
        container: "app".to_owned(),
        port: 8000,
        advanced: account.advanced.clone(),
    };
    change(&mut balancer);
    UpdateService {
        cluster: Some("news".to_owned()),
        service: "news-api".to_owned(),
        load_balancers: Some(vec![balancer]),
        ..UpdateService::default()
    }
}

#[test]
fn load_balancers_that_cannot_shift_are_refused() {
    let mut account = serving(Timing::aws(), &blue_green(), Behaviour::healthy());
    let advanced = account.advanced.clone().expect("the scene has it");
    let primary = account.target_group.clone().expect("there is a load balancer");
    let listener = account.world.elb().rule(&advanced.production_rule).expect("it was made").listener.clone();
    let rule = advanced.production_rule.clone();
    let with = |account: &Account, change: fn(&mut LoadBalancer, &Arn), arn: &Arn| {
        update(account, |balancer| change(balancer, arn))
    };
    for (asked, text) in [
        (
            update(&account, |balancer| balancer.advanced = None),
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy".to_owned(),
        ),
        (
            with(&account, |balancer, arn| balancer.advanced.iter_mut().for_each(|it| it.production_rule = arn.clone()), &listener),
            format!("productionListenerRule has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got: {listener}"),
        ),
        (
            with(&account, |balancer, arn| balancer.advanced.iter_mut().for_each(|it| it.test_rule = Some(arn.clone())), &rule),
            format!("The following rules cannot be used as both production and test listener rules: {rule}"),
        ),
        (
            with(&account, |balancer, arn| balancer.advanced.iter_mut().for_each(|it| it.alternate = arn.clone()), &primary),
            format!("Duplicate targetGroupArn found: {primary}"),
        ),
    ] {
        let refused = account.call(asked).expect_err(&text);
        assert_eq!(refused, Refusal::fault("InvalidParameterException", text));
    }
    let forward = Some(vec![(advanced.alternate.to_string(), 1)]);
    account.must(simulator_core::elb::ModifyRule { rule: rule.to_string(), conditions: None, forward });
    let without_test = update(&account, |balancer| balancer.advanced.iter_mut().for_each(|it| it.test_rule = None));
    let refused = account.call(without_test).expect_err("only one target group is reached");
    assert!(
        refused.to_string().contains("testListenerRule is required when productionListenerRule is not associated"),
        "{refused}"
    );
}

#[test]
fn strategies_are_checked_on_update_as_on_create() {
    let mut account = serving(Timing::aws(), &blue_green(), Behaviour::healthy());
    for shifting in [
        AskedShifting { bake_minutes: Some(1441), ..AskedShifting::default() },
        AskedShifting { linear: Some((None, None)), ..AskedShifting::default() },
        AskedShifting { hooks: Some(vec![pause(&[])]), ..AskedShifting::default() },
    ] {
        let asked = UpdateService { shifting, load_balancers: None, ..update(&account, |_| ()) };
        let what = format!("{:?}", asked.shifting);
        assert!(matches!(
            account.call(asked).expect_err(&what),
            Refusal::Fault { code: "InvalidParameterException", .. }
        ));
    }
    let before = account.service().configuration.clone();
    let change = AskedShifting { strategy: Some(StrategyName::Linear), ..AskedShifting::default() };
    account.must(UpdateService { shifting: change, load_balancers: None, ..update(&account, |_| ()) });
    assert_eq!(account.service().configuration.shifting.bake_minutes, before.shifting.bake_minutes);
    assert!(account.service().shifting().is_none(), "a strategy alone is no deployment");
}
