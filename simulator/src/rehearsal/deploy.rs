//! The calls of a deploy, made over the wire with the deploy identity's own credentials.

use serde_json::{Value, json};
use tokio::time::sleep;

use super::diagnosis::migration::StoppedTask;
use crate::fault::RETRIES;
use crate::wire::client::{Client, ClientError};

const ECS: (&str, &str) = ("ecs", "AmazonEC2ContainerServiceV20141113");

/// The deploy identity at work on one service.
#[derive(Debug)]
pub struct Deploy {
    client: Client,
    cluster: String,
    service: String,
    network: Value,
}

impl Deploy {
    /// Deploys to `service` of `cluster` with the credentials of `client`; one-off tasks run in `subnets` with
    /// `security_groups`.
    #[must_use]
    pub fn new(client: Client, cluster: &str, service: &str, subnets: &[String], security_groups: &[String]) -> Self {
        let network = json!({
            "awsvpcConfiguration": {
                "subnets": subnets,
                "securityGroups": security_groups,
                "assignPublicIp": "ENABLED",
            }
        });
        Self { client, cluster: cluster.to_owned(), service: service.to_owned(), network }
    }

    /// Registers `definition` (the input of RegisterTaskDefinition) and answers the new revision's ARN.
    ///
    /// # Errors
    /// As AWS refuses.
    pub async fn register(&self, definition: Value) -> Result<String, ClientError> {
        let answer = self.ecs("RegisterTaskDefinition", definition).await?;
        Ok(text_at(&answer, "/taskDefinition/taskDefinitionArn"))
    }

    /// Sets the service to `revision` with `desired` tasks and answers the id of the deployment that follows.
    ///
    /// # Errors
    /// As AWS refuses.
    pub async fn update(&self, revision: &str, desired: u32) -> Result<String, ClientError> {
        let input = json!({
            "cluster": self.cluster,
            "service": self.service,
            "taskDefinition": revision,
            "desiredCount": desired,
        });
        let answer = self.ecs("UpdateService", input).await?;
        let deployments = answer.pointer("/service/deployments").and_then(Value::as_array);
        let primary = deployments.into_iter().flatten().find(|it| it.get("status") == Some(&json!("PRIMARY")));
        Ok(primary.map(|it| text_at(it, "/id")).unwrap_or_default())
    }

    /// The service as DescribeServices shows it.
    ///
    /// # Errors
    /// As AWS refuses.
    pub async fn describe(&self) -> Result<Value, ClientError> {
        let answer = self.ecs("DescribeServices", json!({"cluster": self.cluster, "services": [self.service]})).await?;
        Ok(answer.pointer("/services/0").cloned().unwrap_or(Value::Null))
    }

    /// Starts a one-off task of `revision` in whose container `container` runs `command`, and answers its ARN.
    ///
    /// # Errors
    /// As AWS refuses, or the first of `failures[]`.
    pub async fn run(&self, revision: &str, container: &str, command: &[String]) -> Result<String, ClientError> {
        let mut input = json!({
            "cluster": self.cluster,
            "taskDefinition": revision,
            "count": 1,
            "launchType": "FARGATE",
            "networkConfiguration": self.network,
        });
        if !command.is_empty() {
            let overrides = json!({"containerOverrides": [{"name": container, "command": command}]});
            input.as_object_mut().expect("an object was just written").insert("overrides".to_owned(), overrides);
        }
        let answer = self.ecs("RunTask", input).await?;
        Ok(text_at(&answer, "/tasks/0/taskArn"))
    }

    /// The task `arn`, which has stopped, as DescribeTasks shows it.
    ///
    /// # Errors
    /// As AWS refuses.
    pub async fn stopped(&self, arn: &str, container: &str) -> Result<StoppedTask, ClientError> {
        let answer = self.ecs("DescribeTasks", json!({"cluster": self.cluster, "tasks": [arn]})).await?;
        let task = answer.pointer("/tasks/0").unwrap_or(&Value::Null);
        let containers = task.get("containers").and_then(Value::as_array);
        let ran = containers.into_iter().flatten().find(|it| it.get("name") == Some(&json!(container)));
        Ok(StoppedTask {
            arn: arn.to_owned(),
            exit_code: ran.and_then(|it| it.get("exitCode")?.as_i64()),
            stopped_reason: text_at(task, "/stoppedReason"),
            container_reason: ran.and_then(|it| it.get("reason")?.as_str()).map(str::to_owned),
        })
    }

    /// Stops the task `arn`.
    ///
    /// # Errors
    /// As AWS refuses.
    pub async fn stop(&self, arn: &str, reason: &str) -> Result<(), ClientError> {
        self.ecs("StopTask", json!({"cluster": self.cluster, "task": arn, "reason": reason})).await.map(drop)
    }

    /// The password for the registry, from GetAuthorizationToken.
    ///
    /// # Errors
    /// As AWS refuses.
    pub async fn registry_token(&self) -> Result<String, ClientError> {
        let answer =
            self.client.json("ecr", "AmazonEC2ContainerRegistry_V20150921", "GetAuthorizationToken", json!({})).await?;
        Ok(text_at(&answer, "/authorizationData/0/authorizationToken"))
    }

    /// A call that is throttled is made again, as the SDKs of a deploy's own tools do.
    async fn ecs(&self, operation: &str, input: Value) -> Result<Value, ClientError> {
        for wait in RETRIES {
            match self.client.json(ECS.0, ECS.1, operation, input.clone()).await {
                Err(error) if error.code() == Some("ThrottlingException") => sleep(wait).await,
                answer => return answer,
            }
        }
        self.client.json(ECS.0, ECS.1, operation, input).await
    }
}

fn text_at(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
