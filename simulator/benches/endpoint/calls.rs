//! Signed calls. The client is as light as it can be, and the same for all: what is measured is the server.

use std::error::Error;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use simulator::account::now;
use simulator::wire::signature::{Signer, sign};

use super::peer::Peer;

const REGION: &str = "eu-central-1";
const ECS: &str = "AmazonEC2ContainerServiceV20141113";

/// Who calls whom.
#[derive(Clone)]
pub(super) struct Calls {
    endpoint: String,
    signer: Signer,
    http: reqwest::Client,
}

impl Calls {
    pub(super) fn new(peer: &Peer) -> Result<Self, Box<dyn Error>> {
        let Peer { endpoint, access_key_id, secret, .. } = peer;
        let signer = Signer {
            access_key_id: access_key_id.clone(),
            secret: secret.clone(),
            token: None,
            region: REGION.to_owned(),
        };
        let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
        Ok(Self { endpoint: endpoint.clone(), signer, http })
    }

    /// The same caller on a connection of its own.
    pub(super) fn apart(&self) -> Result<Self, Box<dyn Error>> {
        let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).pool_max_idle_per_host(1).build()?;
        Ok(Self { http, ..self.clone() })
    }

    /// One of the calls that are measured.
    pub(super) async fn call(&self, operation: &str) -> Result<Value, Box<dyn Error>> {
        let input = match operation {
            "DescribeServices" => json!({"cluster": "bench", "services": ["bench"]}),
            "RegisterTaskDefinition" => definition("bench"),
            _ => json!({}),
        };
        self.ecs(operation, &input).await
    }

    /// A call to ECS.
    pub(super) async fn ecs(&self, operation: &str, input: &Value) -> Result<Value, Box<dyn Error>> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/", self.endpoint))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{ECS}.{operation}"))
            .body(Bytes::from(input.to_string()))?;
        Ok(serde_json::from_slice(&self.send(request, "ecs").await?)?)
    }

    /// A call to IAM, with its parameters form-encoded.
    pub(super) async fn iam(&self, form: &str) -> Result<(), Box<dyn Error>> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/", self.endpoint))
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(Bytes::from(format!("{form}&Version=2010-05-08")))?;
        self.send(request, "iam").await.map(drop)
    }

    async fn send(&self, mut request: Request<Bytes>, service: &str) -> Result<Bytes, Box<dyn Error>> {
        sign(&mut request, &self.signer, service, now())?;
        let answer = self.http.execute(request.try_into()?).await?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        if status.is_success() { Ok(body) } else { Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()) }
    }
}

/// A small task definition of `family`.
pub(super) fn definition(family: &str) -> Value {
    json!({
        "family": family,
        "containerDefinitions": [{
            "name": "app",
            "image": "public.ecr.aws/docker/library/nginx:1.29",
            "memory": 128,
            "portMappings": [{"containerPort": 80}],
        }],
    })
}
