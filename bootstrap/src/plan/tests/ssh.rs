//! A project with a host of its own: who reaches it by SSH, and why.

use serde_json::json;

use super::model::of;
use super::*;
use crate::desired::tests::{example_config, example_location};

fn with_host() -> Desired {
    let sources = json!([
        {"from": "203.0.113.7/32"},
        {"from": "0.0.0.0/0", "reason": "runners have no fixed addresses"},
        {"from": "pl-0123456789abcdef0", "reason": "the office"},
    ]);
    let ssh = serde_json::from_value(json!({"sources": sources})).expect("a section");
    let config = crate::Config { ssh: Some(ssh), ..example_config(|_| ()) };
    Desired::new(&config, &example_location()).expect("no contradictions")
}

fn lines(plan: &Plan) -> Vec<String> {
    let text = plan.to_string();
    let about = text.lines().filter(|line| line.contains("news-api-host"));
    about.map(|line| line.split_once(". ").map_or(line, |(_, rest)| rest).to_owned()).collect()
}

#[test]
fn each_source_has_a_rule_and_its_reason_is_the_rules_description() {
    let desired = with_host();
    let first = plan(&desired, &new_account());
    let expected = [
        "create security group `news-api-host` in vpc-1: missing; people and deploys reach the host by SSH",
        "let tcp 22 from 203.0.113.7/32, tcp 22 from 0.0.0.0/0 (runners have no fixed addresses), tcp 22 from pl-0123456789abcdef0 (the office) into security group `news-api-host`: missing; nothing gets in without it (after 16)",
    ];
    assert_eq!(lines(&first), expected);
    let mut account = complete(&desired);
    check(&new_account(), &first);
    assert!(plan(&desired, &account).is_empty());

    let group = of!(account, SecurityGroup, SecurityGroup, "news-api-host").expect("it was made");
    group.descriptions.retain(|permission, _| permission.source != "0.0.0.0/0");
    let mended = plan(&desired, &account);
    let said = "say why security group `news-api-host` lets tcp 22 from 0.0.0.0/0 (runners have no fixed addresses) in: reason: wanted runners have no fixed addresses, found none";
    assert_eq!(lines(&mended), [said]);
    assert!(plan(&desired, &model::apply(&mended, &account)).is_empty());
}
