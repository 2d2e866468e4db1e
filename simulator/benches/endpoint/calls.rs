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

    /// One of the calls that are measured, signed, as it is sent on a connection to the server.
    pub(super) fn measured(&self, operation: &str) -> Result<Request<Bytes>, Box<dyn Error>> {
        let input = match operation {
            "DescribeServices" => json!({"cluster": "bench", "services": ["bench"]}),
            "RegisterTaskDefinition" => definition("bench"),
            _ => json!({}),
        };
        let mut request = self.to_ecs(operation, &input)?;
        sign(&mut request, &self.signer, "ecs", now())?;
        let host = self.endpoint.trim_start_matches("http://").parse()?;
        request.headers_mut().insert("host", host);
        *request.uri_mut() = "/".parse()?;
        Ok(request)
    }

    /// A call to ECS.
    pub(super) async fn ecs(&self, operation: &str, input: &Value) -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_slice(&self.send(self.to_ecs(operation, input)?, "ecs").await?)?)
    }

    fn to_ecs(&self, operation: &str, input: &Value) -> Result<Request<Bytes>, Box<dyn Error>> {
        Ok(Request::builder()
            .method(Method::POST)
            .uri(format!("{}/", self.endpoint))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{ECS}.{operation}"))
            .body(Bytes::from(input.to_string()))?)
    }

    /// A call to IAM, with its parameters form-encoded.
    pub(super) async fn iam(&self, form: &str) -> Result<(), Box<dyn Error>> {
        self.query("iam", &format!("{form}&Version=2010-05-08")).await.map(drop)
    }

    /// A subnet of the default VPC.
    pub(super) async fn subnet(&self) -> Result<String, Box<dyn Error>> {
        let answer = self.query("ec2", "Action=DescribeSubnets&Version=2016-11-15").await?;
        let text = String::from_utf8_lossy(&answer);
        let (_, rest) = text.split_once("<subnetId>").ok_or("there is no subnet")?;
        Ok(rest.split('<').next().unwrap_or_default().to_owned())
    }

    async fn query(&self, service: &str, form: &str) -> Result<Bytes, Box<dyn Error>> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/", self.endpoint))
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(Bytes::from(form.to_owned()))?;
        self.send(request, service).await
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
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{
            "name": "app",
            "image": "public.ecr.aws/docker/library/nginx:1.29",
            "memory": 128,
            "portMappings": [{"containerPort": 80}],
        }],
    })
}
