//! The IAM actions that bootstrap ever grants. What an action acts on is from AWS's service authorization reference.

/// One IAM action.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// The action as a policy names it.
    pub name: &'static str,
    /// What it can be confined to.
    pub acts_on: ActsOn,
}

/// What a policy statement may name as the resource of an action.
#[derive(Debug, PartialEq, Eq)]
pub enum ActsOn {
    /// Resources whose ARN, after the account, begins with one of these.
    Types(&'static [&'static str]),
    /// Nothing narrower than `*`.
    Everything {
        /// Why it cannot be narrower.
        because: &'static str,
    },
}

impl Action {
    pub(crate) const fn on(name: &'static str, types: &'static [&'static str]) -> Self {
        Self { name, acts_on: ActsOn::Types(types) }
    }

    pub(crate) const fn everywhere(name: &'static str, because: &'static str) -> Self {
        Self { name, acts_on: ActsOn::Everything { because } }
    }

    /// The service that the action belongs to, as its prefix and the third field of ARNs name it.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.name.split_once(':').map_or("", |(service, _)| service)
    }

    /// Whether the action has any effect on the resource with this ARN.
    #[must_use]
    pub fn acts_on(&self, arn: &str) -> bool {
        let mut fields = arn.splitn(6, ':').skip(2);
        let service = fields.next().unwrap_or_default();
        let resource = fields.nth(2).unwrap_or_default();
        match self.acts_on {
            ActsOn::Types(types) => service == self.service() && types.iter().any(|kind| resource.starts_with(kind)),
            ActsOn::Everything { .. } => true,
        }
    }
}

const REPOSITORY: &[&str] = &["repository/"];
const LOG_GROUP: &[&str] = &["log-group:"];

/// `ecr:GetAuthorizationToken`.
pub static GET_AUTHORIZATION_TOKEN: Action = Action::everywhere(
    "ecr:GetAuthorizationToken",
    "the token is for the whole registry, and the action has no resource type: naming a repository grants nothing",
);
/// `ecr:BatchCheckLayerAvailability`.
pub static BATCH_CHECK_LAYER_AVAILABILITY: Action = Action::on("ecr:BatchCheckLayerAvailability", REPOSITORY);
/// `ecr:BatchGetImage`.
pub static BATCH_GET_IMAGE: Action = Action::on("ecr:BatchGetImage", REPOSITORY);
/// `ecr:GetDownloadUrlForLayer`.
pub static GET_DOWNLOAD_URL_FOR_LAYER: Action = Action::on("ecr:GetDownloadUrlForLayer", REPOSITORY);
/// `ecr:InitiateLayerUpload`.
pub static INITIATE_LAYER_UPLOAD: Action = Action::on("ecr:InitiateLayerUpload", REPOSITORY);
/// `ecr:UploadLayerPart`.
pub static UPLOAD_LAYER_PART: Action = Action::on("ecr:UploadLayerPart", REPOSITORY);
/// `ecr:CompleteLayerUpload`.
pub static COMPLETE_LAYER_UPLOAD: Action = Action::on("ecr:CompleteLayerUpload", REPOSITORY);
/// `ecr:PutImage`.
pub static PUT_IMAGE: Action = Action::on("ecr:PutImage", REPOSITORY);
/// `ecr:DescribeImages`.
pub static DESCRIBE_IMAGES: Action = Action::on("ecr:DescribeImages", REPOSITORY);

/// `ecs:RegisterTaskDefinition`.
pub static REGISTER_TASK_DEFINITION: Action = Action::on("ecs:RegisterTaskDefinition", &["task-definition/"]);
/// `ecs:DescribeTaskDefinition`.
pub static DESCRIBE_TASK_DEFINITION: Action =
    Action::everywhere("ecs:DescribeTaskDefinition", "the action has neither a resource type nor a condition key");
/// `ecs:TagResource`. Where revisions are tagged as they are registered, that is the only thing it is granted for.
pub static TAG_RESOURCE: Action =
    Action::on("ecs:TagResource", &["task-definition/", "task/", "service/", "cluster/", "container-instance/"]);
/// `ecs:UpdateService`.
pub static UPDATE_SERVICE: Action = Action::on("ecs:UpdateService", &["service/"]);
/// `ecs:DescribeServices`.
pub static DESCRIBE_SERVICES: Action = Action::on("ecs:DescribeServices", &["service/"]);
/// `ecs:ListServiceDeployments`.
pub static LIST_SERVICE_DEPLOYMENTS: Action = Action::on("ecs:ListServiceDeployments", &["service/"]);
/// `ecs:DescribeServiceDeployments`.
pub static DESCRIBE_SERVICE_DEPLOYMENTS: Action =
    Action::on("ecs:DescribeServiceDeployments", &["service/", "service-deployment/"]);
/// `ecs:RunTask`.
pub static RUN_TASK: Action = Action::on("ecs:RunTask", &["task-definition/"]);
/// `ecs:DescribeTasks`.
pub static DESCRIBE_TASKS: Action = Action::on("ecs:DescribeTasks", &["task/"]);
/// `ecs:StopTask`.
pub static STOP_TASK: Action = Action::on("ecs:StopTask", &["task/"]);
/// `ecs:ListTasks`.
pub static LIST_TASKS: Action = Action::everywhere(
    "ecs:ListTasks",
    "its only resource type is the container instance, which a task on Fargate has none of; the condition on the cluster confines it",
);

/// `lambda:InvokeFunction`.
pub static INVOKE_FUNCTION: Action = Action::on("lambda:InvokeFunction", &["function:"]);

/// `iam:PassRole`.
pub static PASS_ROLE: Action = Action::on("iam:PassRole", &["role/"]);

/// `elasticloadbalancing:DescribeTargetHealth`.
pub static DESCRIBE_TARGET_HEALTH: Action = Action::everywhere(
    "elasticloadbalancing:DescribeTargetHealth",
    "no describing action of Elastic Load Balancing has a resource type",
);

/// `logs:DescribeLogStreams`.
pub static DESCRIBE_LOG_STREAMS: Action = Action::on("logs:DescribeLogStreams", LOG_GROUP);
/// `logs:FilterLogEvents`.
pub static FILTER_LOG_EVENTS: Action = Action::on("logs:FilterLogEvents", LOG_GROUP);
/// `logs:GetLogEvents`.
pub static GET_LOG_EVENTS: Action = Action::on("logs:GetLogEvents", LOG_GROUP);
/// `logs:CreateLogStream`.
pub static CREATE_LOG_STREAM: Action = Action::on("logs:CreateLogStream", LOG_GROUP);
/// `logs:PutLogEvents`.
pub static PUT_LOG_EVENTS: Action = Action::on("logs:PutLogEvents", LOG_GROUP);

/// `secretsmanager:GetSecretValue`.
pub static GET_SECRET_VALUE: Action = Action::on("secretsmanager:GetSecretValue", &["secret:"]);
/// `ssm:GetParameters`: the plural is what ECS calls to inject parameters.
pub static GET_PARAMETERS: Action = Action::on("ssm:GetParameters", &["parameter/"]);
/// `s3:GetObject`. ARNs of S3 have nothing before the bucket's name.
pub static GET_OBJECT: Action = Action::on("s3:GetObject", &[""]);
/// `s3:GetBucketLocation`.
pub static GET_BUCKET_LOCATION: Action = Action::on("s3:GetBucketLocation", &[""]);

const CLUSTER: &[&str] = &["cluster/"];
const CONTAINER_INSTANCE: &[&str] = &["container-instance/"];

/// `ecs:DiscoverPollEndpoint`.
pub static DISCOVER_POLL_ENDPOINT: Action =
    Action::everywhere("ecs:DiscoverPollEndpoint", "the action has neither a resource type nor a condition key");
/// `ecs:RegisterContainerInstance`.
pub static REGISTER_CONTAINER_INSTANCE: Action = Action::on("ecs:RegisterContainerInstance", CLUSTER);
/// `ecs:DeregisterContainerInstance`.
pub static DEREGISTER_CONTAINER_INSTANCE: Action = Action::on("ecs:DeregisterContainerInstance", CLUSTER);
/// `ecs:SubmitAttachmentStateChanges`.
pub static SUBMIT_ATTACHMENT_STATE_CHANGES: Action = Action::on("ecs:SubmitAttachmentStateChanges", CLUSTER);
/// `ecs:SubmitContainerStateChange`.
pub static SUBMIT_CONTAINER_STATE_CHANGE: Action = Action::on("ecs:SubmitContainerStateChange", CLUSTER);
/// `ecs:SubmitTaskStateChange`.
pub static SUBMIT_TASK_STATE_CHANGE: Action = Action::on("ecs:SubmitTaskStateChange", CLUSTER);
/// `ecs:Poll`.
pub static POLL: Action = Action::on("ecs:Poll", CONTAINER_INSTANCE);
/// `ecs:StartTelemetrySession`.
pub static START_TELEMETRY_SESSION: Action = Action::on("ecs:StartTelemetrySession", CONTAINER_INSTANCE);
/// `ecs:UpdateContainerInstancesState`.
pub static UPDATE_CONTAINER_INSTANCES_STATE: Action =
    Action::on("ecs:UpdateContainerInstancesState", CONTAINER_INSTANCE);
