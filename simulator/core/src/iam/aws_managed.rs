//! AWS's own managed policies, as far as a deploy to ECS uses them. Any other is refused as not simulated.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::policy::Document;
use crate::time::Timestamp;

/// One of AWS's managed policies.
#[derive(Debug)]
pub(super) struct AwsPolicy {
    arn: &'static str,
    pub(super) id: &'static str,
    pub(super) version: &'static str,
    pub(super) created: Timestamp,
    pub(super) text: &'static str,
    pub(super) document: Document,
}

const PREFIX: &str = "arn:aws:iam::aws:policy";

const ADMINISTRATOR: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
}"#;

const TASK_EXECUTION: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow",
        "Action": [
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchGetImage",
            "logs:CreateLogStream",
            "logs:PutLogEvents"
        ],
        "Resource": "*"
    }]
}"#;

const REGISTRY_READ: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow",
        "Action": [
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:GetRepositoryPolicy",
            "ecr:DescribeRepositories",
            "ecr:ListImages",
            "ecr:DescribeImages",
            "ecr:BatchGetImage",
            "ecr:GetLifecyclePolicy",
            "ecr:GetLifecyclePolicyPreview",
            "ecr:ListTagsForResource",
            "ecr:DescribeImageScanFindings"
        ],
        "Resource": "*"
    }]
}"#;

const REGISTRY_POWER: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow",
        "Action": [
            "ecr:GetAuthorizationToken",
            "ecr:BatchCheckLayerAvailability",
            "ecr:GetDownloadUrlForLayer",
            "ecr:GetRepositoryPolicy",
            "ecr:DescribeRepositories",
            "ecr:ListImages",
            "ecr:DescribeImages",
            "ecr:BatchGetImage",
            "ecr:GetLifecyclePolicy",
            "ecr:GetLifecyclePolicyPreview",
            "ecr:ListTagsForResource",
            "ecr:DescribeImageScanFindings",
            "ecr:InitiateLayerUpload",
            "ecr:UploadLayerPart",
            "ecr:CompleteLayerUpload",
            "ecr:PutImage"
        ],
        "Resource": "*"
    }]
}"#;

/// For the role with which ECS shifts traffic, as of its second version (AWS managed policy reference): AWS takes nothing away from
/// its policies later on. Its id is made up, since no public page has it.
const LOAD_BALANCER_INFRASTRUCTURE: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ELBReadOperations",
            "Effect": "Allow",
            "Action": [
                "elasticloadbalancing:DescribeListeners",
                "elasticloadbalancing:DescribeRules",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth"
            ],
            "Resource": "*"
        },
        {
            "Sid": "TargetGroupOperations",
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
            "Resource": "arn:aws:elasticloadbalancing:*:*:targetgroup/*/*"
        },
        {
            "Sid": "ALBModifyListeners",
            "Effect": "Allow",
            "Action": "elasticloadbalancing:ModifyListener",
            "Resource": ["arn:aws:elasticloadbalancing:*:*:listener/app/*/*/*"]
        },
        {
            "Sid": "NLBModifyListeners",
            "Effect": "Allow",
            "Action": "elasticloadbalancing:ModifyListener",
            "Resource": ["arn:aws:elasticloadbalancing:*:*:listener/net/*/*/*"]
        },
        {
            "Sid": "ALBModifyRules",
            "Effect": "Allow",
            "Action": "elasticloadbalancing:ModifyRule",
            "Resource": ["arn:aws:elasticloadbalancing:*:*:listener-rule/app/*/*/*/*"]
        }
    ]
}"#;

/// ARN, id, version, seconds since the epoch when it was made, document.
const POLICIES: [(&str, &str, &str, u64, &str); 5] = [
    ("arn:aws:iam::aws:policy/AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK", "v1", 1_423_247_999, ADMINISTRATOR),
    (
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser",
        "ANPAJDNE5PIHROIBGGDDW",
        "v3",
        1_450_717_605,
        REGISTRY_POWER,
    ),
    (
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
        "ANPAIFYZPA37OOHVIH7KQ",
        "v3",
        1_450_717_565,
        REGISTRY_READ,
    ),
    (
        "arn:aws:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers",
        "ANPAZKAPJZG4LBINFRA01",
        "v2",
        1_752_770_227,
        LOAD_BALANCER_INFRASTRUCTURE,
    ),
    (
        "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
        "ANPAJG4T4G4PV56DE72PY",
        "v1",
        1_510_851_284,
        TASK_EXECUTION,
    ),
];

static BY_ARN: LazyLock<BTreeMap<&str, AwsPolicy>> = LazyLock::new(|| {
    let policies = POLICIES.into_iter().map(|(arn, id, version, created, text)| {
        let document = Document::identity(text).expect("a policy of the table above is sound");
        let created = Timestamp::from_millis(created * 1000);
        (arn, AwsPolicy { arn, id, version, created, text, document })
    });
    policies.collect()
});

/// The policy with the ARN `arn`.
pub(super) fn get(arn: &str) -> Option<&'static AwsPolicy> {
    BY_ARN.get(arn)
}

/// All of them by ARN.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static AwsPolicy)> {
    BY_ARN.iter().map(|(arn, policy)| (*arn, policy))
}

impl AwsPolicy {
    /// Such as `/service-role/` and `AmazonECSTaskExecutionRolePolicy`.
    pub(super) fn path_and_name(&self) -> (&'static str, &'static str) {
        let resource = self.arn.strip_prefix(PREFIX).expect("every ARN of the table begins so");
        let name_at = resource.rfind('/').expect("the prefix ends before a slash") + 1;
        resource.split_at(name_at)
    }
}
