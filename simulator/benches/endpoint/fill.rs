//! What is in the account before it is measured.

use std::error::Error;

use serde_json::json;

use super::calls::{Calls, definition};

/// IAM lets an account have a thousand roles and five thousand users (IAM user guide, "IAM and AWS STS quotas"): as many as find room
/// beside those that are there.
const ROLES: u32 = 990;
const USERS: u32 = 4_990;
const DEFINITIONS: u32 = 10_000;
const SERVICES: u32 = 1_000;
/// `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
const TRUST: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22ecs-tasks.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D";

/// A cluster with one service that runs no task.
pub(super) async fn a_service(calls: &Calls) -> Result<(), Box<dyn Error>> {
    // ECS makes it at the first use of ECS in an account that is real; here it may exist already.
    let _ = calls.iam("Action=CreateServiceLinkedRole&AWSServiceName=ecs.amazonaws.com").await;
    calls.ecs("CreateCluster", &json!({"clusterName": "bench"})).await?;
    calls.ecs("RegisterTaskDefinition", &definition("bench")).await?;
    service(calls, &calls.subnet().await?, "bench").await
}

/// As many roles and users as IAM allows, ten thousand task definitions, a thousand services.
pub(super) async fn everything(calls: &Calls) -> Result<(), Box<dyn Error>> {
    for role in 0..ROLES {
        calls.iam(&format!("Action=CreateRole&RoleName=role-{role}&AssumeRolePolicyDocument={TRUST}")).await?;
    }
    for user in 0..USERS {
        calls.iam(&format!("Action=CreateUser&UserName=user-{user}")).await?;
    }
    for family in 0..DEFINITIONS {
        calls.ecs("RegisterTaskDefinition", &definition(&format!("family-{family}"))).await?;
    }
    let subnet = calls.subnet().await?;
    for number in 0..SERVICES {
        service(calls, &subnet, &format!("service-{number}")).await?;
    }
    Ok(())
}

async fn service(calls: &Calls, subnet: &str, name: &str) -> Result<(), Box<dyn Error>> {
    let input = json!({
        "cluster": "bench", "serviceName": name, "taskDefinition": "bench", "desiredCount": 0, "launchType": "FARGATE",
        // moto answers 500 where there are no groups.
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}},
    });
    calls.ecs("CreateService", &input).await.map(drop)
}
