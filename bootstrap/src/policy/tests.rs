use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::config::name::{ClusterName, Family, RepositoryName, ServiceName};
use crate::location::{AccountId, Location, Region};
use crate::task_definition::reference::SecretReference;

/// The names that a policy is made from.
#[derive(Debug, Clone)]
struct Names {
    location: Location,
    repository: RepositoryName,
    family: Family,
    cluster: ClusterName,
    service: ServiceName,
    roles: Vec<String>,
    log_groups: Vec<String>,
    tags_revisions: bool,
}

impl Names {
    /// All named alike; `repeat` lengthens them.
    fn alike(name: &str) -> Self {
        let location = Location {
            account: AccountId::parse("123456789012").expect("twelve digits"),
            region: Region::parse("eu-central-1").expect("a region"),
        };
        Self {
            roles: ["execution", "task"].map(|role| location.iam_arn(&format!("role/{name}-{role}"))).to_vec(),
            location,
            repository: RepositoryName::parse(name).expect("a name"),
            family: Family::parse(name).expect("a name"),
            cluster: ClusterName::parse(name).expect("a name"),
            service: ServiceName::parse(name).expect("a name"),
            log_groups: vec![format!("/ecs/{name}")],
            tags_revisions: false,
        }
    }

    fn deploy_policy(&self) -> Policy {
        deploy::policy(
            &deploy::Scope {
                location: &self.location,
                repositories: vec![&self.repository],
                families: vec![&self.family],
                cluster: &self.cluster,
                services: vec![&self.service],
                roles: self.roles.clone(),
                log_groups: self.log_groups.iter().map(String::as_str).collect(),
                tagged: self.tags_revisions.then_some(&self.family).into_iter().collect(),
            },
            Quota::UserInline,
        )
    }

    fn execution_policy(&self, secrets: &BTreeSet<SecretReference>, files: &BTreeSet<String>) -> Policy {
        execution::policy(&execution::Scope {
            location: &self.location,
            repositories: vec![&self.repository],
            log_groups: self.log_groups.iter().map(String::as_str).collect(),
            secrets: secrets.iter().collect(),
            environment_files: files.iter().map(String::as_str).collect(),
        })
    }
}

fn names() -> impl Strategy<Value = Names> {
    ("[a-z][a-z0-9]{1,40}", 0..3_usize, 0..3_usize, any::<bool>()).prop_map(|(name, roles, groups, tags_revisions)| {
        let mut names = Names::alike(&name);
        names.roles.truncate(roles);
        names.log_groups = (0..groups).map(|number| format!("/ecs/{name}/{number}")).collect();
        names.tags_revisions = tags_revisions;
        names
    })
}

/// What the policy really allows: each action on each resource that it has an effect on, with the conditions.
fn effective(policy: &Policy) -> BTreeSet<(String, String, String)> {
    let mut grants = BTreeSet::new();
    for statement in &policy.statements {
        let conditions = format!("{:?}", statement.conditions);
        for action in &statement.actions {
            let everything = vec!["*".to_owned()];
            let confined = matches!(action.acts_on, ActsOn::Types(_));
            let resources = if confined { &statement.resources } else { &everything };
            for resource in resources.iter().filter(|resource| !confined || action.acts_on(resource)) {
                grants.insert((action.name.to_owned(), resource.clone(), conditions.clone()));
            }
        }
    }
    grants
}

/// What must hold of any policy that we write.
fn check(policy: &Policy) {
    for statement in &policy.statements {
        let confined = |action: &&&Action| matches!(action.acts_on, ActsOn::Types(_));
        let of_types = statement.actions.iter().filter(confined).count();
        assert!(of_types == 0 || of_types == statement.actions.len(), "mixed: {statement:?}");
        assert_eq!(of_types == 0, statement.resources.is_empty(), "`*` for what can be confined: {statement:?}");
        for action in &statement.actions {
            let idle = !statement.resources.is_empty() && !statement.resources.iter().any(|arn| action.acts_on(arn));
            assert!(!idle, "{} has no effect in {statement:?}", action.name);
        }
        for arn in &statement.resources {
            assert!(statement.actions.iter().any(|action| action.acts_on(arn)), "nothing acts on {arn}");
            assert_ne!(arn, "*");
        }
        assert!(!statement.purposes.is_empty());
    }
    for (action, because) in policy.wildcards() {
        assert!(!because.is_empty(), "{action}");
    }
    // The JSON says what the data says, no more.
    let json = policy.to_json();
    for statement in json["Statement"].as_array().expect("a list") {
        let action = &statement["Action"];
        let actions = action.as_array().map_or(std::slice::from_ref(action), Vec::as_slice);
        for action in actions {
            assert!(!action.as_str().expect("a text").contains('*'), "{action}");
        }
    }
}

proptest! {
    /// No deploy policy allows every action, or any action on everything without a reason; and squeezing it into its
    /// quota changes nothing that it allows.
    #[test]
    fn deploy_policies_are_as_narrow_as_they_can_be(names in names()) {
        let policy = names.deploy_policy();
        check(&policy);
        let squeezed = policy.clone().fitted(0);
        check(&squeezed);
        prop_assert!(squeezed.statements.len() <= policy.statements.len());
        prop_assert_eq!(effective(&squeezed), effective(&policy));
    }
}

#[test]
fn the_deploy_policy_allows_this_and_nothing_else() {
    let names = Names::alike("news");
    let lines: Vec<String> = effective(&names.deploy_policy())
        .into_iter()
        .map(|(action, resource, _)| format!("{action} {}", resource.replace(":eu-central-1:123456789012:", "::")))
        .collect();
    let expected = "\
ecr:BatchCheckLayerAvailability arn:aws:ecr::repository/news
ecr:BatchGetImage arn:aws:ecr::repository/news
ecr:CompleteLayerUpload arn:aws:ecr::repository/news
ecr:DescribeImages arn:aws:ecr::repository/news
ecr:GetAuthorizationToken *
ecr:GetDownloadUrlForLayer arn:aws:ecr::repository/news
ecr:InitiateLayerUpload arn:aws:ecr::repository/news
ecr:PutImage arn:aws:ecr::repository/news
ecr:UploadLayerPart arn:aws:ecr::repository/news
ecs:DescribeServiceDeployments arn:aws:ecs::service-deployment/news/news/*
ecs:DescribeServiceDeployments arn:aws:ecs::service/news/news
ecs:DescribeServices arn:aws:ecs::service/news/news
ecs:DescribeTaskDefinition *
ecs:DescribeTasks arn:aws:ecs::task/news/*
ecs:ListServiceDeployments arn:aws:ecs::service/news/news
ecs:ListTasks *
ecs:RegisterTaskDefinition arn:aws:ecs::task-definition/news:*
ecs:RunTask arn:aws:ecs::task-definition/news:*
ecs:StopTask arn:aws:ecs::task/news/*
ecs:UpdateService arn:aws:ecs::service/news/news
elasticloadbalancing:DescribeTargetHealth *
iam:PassRole arn:aws:iam::123456789012:role/news-execution
iam:PassRole arn:aws:iam::123456789012:role/news-task
logs:DescribeLogStreams arn:aws:logs::log-group:/ecs/news
logs:DescribeLogStreams arn:aws:logs::log-group:/ecs/news:*
logs:FilterLogEvents arn:aws:logs::log-group:/ecs/news
logs:FilterLogEvents arn:aws:logs::log-group:/ecs/news:*
logs:GetLogEvents arn:aws:logs::log-group:/ecs/news
logs:GetLogEvents arn:aws:logs::log-group:/ecs/news:*";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn whatever_runs_in_the_cluster_is_confined_to_it() {
    let cluster = "arn:aws:ecs:eu-central-1:123456789012:cluster/news";
    for statement in Names::alike("news").deploy_policy().statements {
        let confined = statement.conditions.iter().any(|condition| {
            (condition.operator, condition.key) == ("ArnEquals", "ecs:cluster") && condition.values == [cluster]
        });
        for action in &statement.actions {
            let runs = [
                &action::RUN_TASK,
                &action::DESCRIBE_TASKS,
                &action::STOP_TASK,
                &action::LIST_TASKS,
                &action::UPDATE_SERVICE,
            ];
            assert!(confined || !runs.contains(action), "{}", action.name);
        }
    }
}

#[test]
fn roles_are_passed_to_tasks_only() {
    let policy = Names::alike("news").deploy_policy().to_json();
    let statements = policy["Statement"].as_array().expect("a list");
    let passing: Vec<&Value> = statements.iter().filter(|statement| statement["Action"] == "iam:PassRole").collect();
    assert_eq!(passing.len(), 1);
    assert_eq!(passing[0]["Condition"]["StringEquals"]["iam:PassedToService"], "ecs-tasks.amazonaws.com");
}

/// IAM gives a user's inline policies 2,048 characters. Names of usual length must fit.
#[test]
fn the_deploy_policy_fits_names_of_usual_length() {
    for name in ["news", "news-api", "customer-portal-api", "customer-portal-backend"] {
        let policy = Names::alike(name).deploy_policy();
        let size = quota::size(&policy.to_text());
        assert!(size <= Quota::UserInline.limit(), "{name}: {size} in {} statements", policy.statements.len());
    }
}

#[test]
fn the_execution_policy_names_the_secrets_exactly() {
    let names = Names::alike("news");
    let secrets = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:news/url", "/news/key"]
        .map(|text| SecretReference::parse(text).expect("a reference"))
        .into();
    let files = BTreeSet::from(["arn:aws:s3:::settings/news/app.env".to_owned()]);
    let policy = names.execution_policy(&secrets, &files);
    check(&policy);
    let lines: Vec<String> = effective(&policy)
        .into_iter()
        .map(|(action, resource, _)| format!("{action} {}", resource.replace(":eu-central-1:123456789012:", "::")))
        .collect();
    let expected = "\
ecr:BatchCheckLayerAvailability arn:aws:ecr::repository/news
ecr:BatchGetImage arn:aws:ecr::repository/news
ecr:GetAuthorizationToken *
ecr:GetDownloadUrlForLayer arn:aws:ecr::repository/news
logs:CreateLogStream arn:aws:logs::log-group:/ecs/news
logs:CreateLogStream arn:aws:logs::log-group:/ecs/news:*
logs:PutLogEvents arn:aws:logs::log-group:/ecs/news
logs:PutLogEvents arn:aws:logs::log-group:/ecs/news:*
s3:GetBucketLocation arn:aws:s3:::settings
s3:GetObject arn:aws:s3:::settings/news/app.env
secretsmanager:GetSecretValue arn:aws:secretsmanager::secret:news/url-??????
ssm:GetParameters arn:aws:ssm::parameter/news/key";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn tasks_of_other_accounts_may_not_take_our_roles() {
    let trust = TrustPolicy::for_tasks(&Names::alike("news").location).to_json();
    let conditions = &trust["Statement"][0]["Condition"];
    assert_eq!(conditions["StringEquals"]["aws:SourceAccount"], "123456789012");
    assert_eq!(conditions["ArnLike"]["aws:SourceArn"], "arn:aws:ecs:eu-central-1:123456789012:*");
}

/// What the person may do is said action by action, so that each can be taken back; and it fits IAM's quotas.
#[test]
fn the_persons_policy_fits_and_is_as_narrow_as_it_can_be() {
    use crate::desired::tests::several::example_several;
    use crate::desired::tests::{example, example_bounded, example_canary, example_oidc};
    for desired in [example(), example_canary(), example_oidc(), example_bounded(), example_several()] {
        let whole = person::policy(&desired);
        check(&whole);
        let parts = person::managed(&whole);
        assert!(parts.len() <= quota::MANAGED_POLICIES);
        let mut sids = BTreeSet::new();
        for part in &parts {
            assert_eq!(Quota::Managed.check(&part.to_text()), Ok(()));
            for statement in &part.statements {
                assert!(sids.insert(statement.sid), "twice: {}", statement.sid);
            }
        }
        let everything: BTreeSet<_> = parts.iter().flat_map(effective).collect();
        assert_eq!(everything, effective(&whole), "what is split says the same");
    }
}

#[test]
fn an_instance_may_do_what_runs_on_it_does_and_no_more() {
    use crate::config::host::Runs;
    let names = Names::alike("news");
    let said = |runs| {
        let policy = host::policy(
            runs,
            &host::Scope {
                location: &names.location,
                repositories: vec![&names.repository],
                cluster: &names.cluster,
                log_groups: vec!["/ecs/news"],
            },
        );
        check(&policy);
        let lines = effective(&policy)
            .into_iter()
            .map(|(action, resource, _)| format!("{action} {}", resource.replace(":eu-central-1:123456789012:", "::")));
        lines.collect::<Vec<String>>().join("\n")
    };
    let compose = "\
ecr:BatchCheckLayerAvailability arn:aws:ecr::repository/news
ecr:BatchGetImage arn:aws:ecr::repository/news
ecr:GetAuthorizationToken *
ecr:GetDownloadUrlForLayer arn:aws:ecr::repository/news
logs:CreateLogStream arn:aws:logs::log-group:/ecs/news
logs:CreateLogStream arn:aws:logs::log-group:/ecs/news:*
logs:PutLogEvents arn:aws:logs::log-group:/ecs/news
logs:PutLogEvents arn:aws:logs::log-group:/ecs/news:*";
    assert_eq!(said(Runs::Compose), compose);
    let agent = "\
ecs:DeregisterContainerInstance arn:aws:ecs::cluster/news
ecs:DiscoverPollEndpoint *
ecs:Poll arn:aws:ecs::container-instance/news/*
ecs:RegisterContainerInstance arn:aws:ecs::cluster/news
ecs:StartTelemetrySession arn:aws:ecs::container-instance/news/*
ecs:SubmitAttachmentStateChanges arn:aws:ecs::cluster/news
ecs:SubmitContainerStateChange arn:aws:ecs::cluster/news
ecs:SubmitTaskStateChange arn:aws:ecs::cluster/news
ecs:TagResource arn:aws:ecs::container-instance/news/*
ecs:UpdateContainerInstancesState arn:aws:ecs::container-instance/news/*";
    assert_eq!(said(Runs::Ecs), agent);
}
