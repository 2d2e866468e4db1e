//! The policy simulator says what the gate would.

use super::{ALLOW_ALL, caller, policy, user, user_policy};
use crate::iam::*;
use crate::trial::Trial;

const SERVICE: &str = "arn:aws:ecs:eu-central-1:123456789012:service/news/api";
const ANN: &str = "arn:aws:iam::123456789012:user/ann";

fn custom(policies: &[&str], simulation: Simulation) -> SimulateCustomPolicy {
    SimulateCustomPolicy { policies: policies.iter().map(|text| (*text).to_owned()).collect(), simulation }
}

fn asking(actions: &[&str], resources: &[&str]) -> Simulation {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Simulation { actions: texts(actions), resources: texts(resources), ..Simulation::default() }
}

fn one(trial: &mut Trial, operation: SimulateCustomPolicy) -> Evaluation {
    trial.done(operation).items.pop().expect("one action was asked for")
}

#[test]
fn each_decision_comes_with_the_statements_that_made_it() {
    let allow = policy("ecs:*", SERVICE);
    let deny = policy("ecs:Delete*", "*").replace("Allow", "Deny");
    let mut trial = Trial::new();
    for (action, decision, matched) in [
        ("ecs:UpdateService", "allowed", &["PolicyInputList.1"][..]),
        ("ecs:DeleteService", "explicitDeny", &["PolicyInputList.2"]),
        ("ecr:PutImage", "implicitDeny", &[]),
    ] {
        let outcome = one(&mut trial, custom(&[&allow, &deny], asking(&[action], &[SERVICE]))).outcome;
        let policies: Vec<&str> = outcome.matched.iter().map(|statement| statement.policy.as_str()).collect();
        assert_eq!((outcome.decision, policies.as_slice()), (decision, matched), "{action}");
    }
    let several =
        one(&mut trial, custom(&[&allow], asking(&["ecs:UpdateService"], &[SERVICE, "arn:aws:ecs:r:1:service/a/b"])));
    assert_eq!((several.outcome.decision, several.resource.as_str()), ("implicitDeny", "*"));
    let each: Vec<&str> = several.resources.iter().map(|outcome| outcome.decision).collect();
    assert_eq!(each, ["allowed", "implicitDeny"]);
}

#[test]
fn keys_that_were_not_brought_are_named() {
    let condition = r#""Condition":{"StringEquals":{"ecs:Cluster":"news"}},"Resource""#;
    let text = policy("ecs:*", "*").replace(r#""Resource""#, condition);
    let mut trial = Trial::new();
    let missing = one(&mut trial, custom(&[&text], asking(&["ecs:RunTask"], &[]))).outcome;
    assert_eq!((missing.decision, missing.missing.as_slice()), ("implicitDeny", &["ecs:Cluster".to_owned()][..]));
    let unrelated = one(&mut trial, custom(&[&text], asking(&["ecr:PutImage"], &[]))).outcome;
    assert_eq!(unrelated.missing, [""; 0]);
    let simulation =
        Simulation { context: vec![("ecs:cluster".into(), vec!["news".into()])], ..asking(&["ecs:RunTask"], &[]) };
    let brought = one(&mut trial, custom(&[&text], simulation)).outcome;
    assert_eq!((brought.decision, brought.missing.len()), ("allowed", 0));
}

#[test]
fn a_boundary_and_a_resource_policy_take_part() {
    let mut trial = Trial::new();
    let bounded = Simulation { boundaries: vec![policy("ecr:*", "*")], ..asking(&["ecs:RunTask"], &[]) };
    let outcome = one(&mut trial, custom(&[ALLOW_ALL], bounded)).outcome;
    assert_eq!((outcome.decision, outcome.within_boundary), ("implicitDeny", Some(false)));
    let resource =
        policy("ecr:PutImage", "*").replace(r#""Effect""#, &format!(r#""Principal":{{"AWS":"{ANN}"}},"Effect""#));
    let by_resource = |caller: Option<&str>| Simulation {
        resource_policy: Some(resource.clone()),
        caller: caller.map(str::to_owned),
        ..asking(&["ecr:PutImage"], &[])
    };
    let outcome = one(&mut trial, custom(&[&policy("ecs:*", "*")], by_resource(Some(ANN)))).outcome;
    assert_eq!((outcome.decision, outcome.matched[0].kind), ("allowed", "resource"));
    assert!(trial.refused(custom(&[ALLOW_ALL], by_resource(None))).starts_with("400 InvalidInput: "));
}

/// What is simulated of a principal is what the gate decides.
#[test]
fn a_principals_own_policies_decide() {
    let mut trial = Trial::new();
    let ann = caller(&mut trial, "ann", &policy("iam:GetUser", "arn:aws:iam::123456789012:user/${aws:username}"));
    let own = CreatePolicy { name: "own".into(), document: policy("ecs:*", "*"), ..CreatePolicy::default() };
    let arn = trial.done(own).arn;
    trial.done(AttachPolicy::<User>::new("ann".into(), arn));
    let simulate = |resource: &str, action: &str| SimulatePrincipalPolicy {
        source: ANN.into(),
        policies: Vec::new(),
        simulation: asking(&[action], &[resource]),
    };
    for (action, resource, decision, from) in [
        ("iam:GetUser", ANN, "allowed", Some(("user_ann_inline", "user"))),
        ("iam:GetUser", "arn:aws:iam::123456789012:user/bob", "implicitDeny", None),
        ("ecs:RunTask", "*", "allowed", Some(("own", "user-managed"))),
    ] {
        let outcome = trial.done(simulate(resource, action)).items.pop().expect("one action").outcome;
        let matched = outcome.matched.first().map(|statement| (statement.policy.as_str(), statement.kind));
        assert_eq!((outcome.decision, matched), (decision, from), "{action} {resource}");
    }
    let more = SimulatePrincipalPolicy { policies: vec![policy("ecr:*", "*")], ..simulate("*", "ecr:PutImage") };
    assert_eq!(trial.done(more).items[0].outcome.decision, "allowed");
    trial.done(user("bob"));
    trial.done(user_policy("bob", "p", ALLOW_ALL));
    let bound = CreatePolicy { name: "bound".into(), document: policy("ecr:*", "*"), ..CreatePolicy::default() };
    let bound = trial.done(bound).arn;
    trial.done(PutPermissionsBoundary::<User>::new("bob".into(), bound));
    let bob = SimulatePrincipalPolicy { source: ANN.replace("ann", "bob"), ..simulate("*", "ecs:RunTask") };
    let outcome = &trial.done(bob).items[0].outcome;
    assert_eq!((outcome.decision, outcome.within_boundary), ("implicitDeny", Some(false)));

    assert!(trial.refused_to(&ann, simulate("*", "ecs:RunTask")).contains("iam:SimulatePrincipalPolicy on resource"));
}

#[test]
fn simulations_are_refused_and_paged() {
    let mut trial = Trial::new();
    trial.done(user("ann"));
    let principal = |source: &str| SimulatePrincipalPolicy {
        source: source.into(),
        policies: Vec::new(),
        simulation: asking(&["ecs:RunTask"], &[]),
    };
    assert_eq!(
        trial.refused(principal(&ANN.replace("ann", "bob"))),
        "404 NoSuchEntity: The user with name bob cannot be found."
    );
    assert!(trial.refused(principal("ann")).starts_with("400 InvalidInput: "));
    assert_eq!(
        trial.refused(custom(&["{"], asking(&["ecs:RunTask"], &[]))),
        "400 InvalidInput: Syntax errors in policy."
    );
    assert!(trial.refused(custom(&[ALLOW_ALL], asking(&["RunTask"], &[]))).starts_with("400 InvalidInput: "));
    let names: Vec<String> = (0..12).map(|number| format!("ecs:A{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut seen, mut marker) = (Vec::new(), None);
    loop {
        let simulation = Simulation { marker, max_items: Some(5), ..asking(&names, &[]) };
        let page = trial.done(custom(&[ALLOW_ALL], simulation));
        seen.extend(page.items.into_iter().map(|evaluation| evaluation.action));
        marker = page.next;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(seen, names);
}
