//! One request and its answer, without sockets.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, HOST};
use serde_json::Value;
use simulator_core::{Refusal, World};

use super::hold::Polls;
use super::request_id::RequestIds;
use crate::account::{self, Account};
use crate::service::{Protocol, Service};
use crate::wire::protocol::Answer;
use crate::wire::signature::{Claim, Mistrust, verify};

/// What the endpoint serves.
pub(super) struct Served {
    account: Arc<Account>,
    services: Vec<Service>,
    request_ids: RequestIds,
    /// Where polls may be held.
    polls: Option<Polls>,
}

/// An answer with the id of its request.
pub(super) struct Exchange {
    pub(super) request_id: String,
    pub(super) answer: Answer,
}

impl Served {
    pub(super) fn new(account: Arc<Account>, services: Vec<Service>, hold_polls: bool) -> Self {
        Self { account, services, request_ids: RequestIds::default(), polls: hold_polls.then(Polls::default) }
    }

    /// Ends once `request` may be answered.
    pub(super) async fn wait(&self, request: &Request<Bytes>) {
        if let Some(polls) = &self.polls {
            polls.wait(&self.account, request).await;
        }
    }

    /// Answers `request`.
    pub(super) fn respond(&self, request: &Request<Bytes>) -> Exchange {
        let request_id = self.request_ids.draw();
        let claim = Claim::read(request);
        let service = self.addressed(request, claim.as_ref().ok().and_then(Option::as_ref));
        let protocol = service.map_or_else(|| spoken(request), |service| service.protocol);
        let served = claim.map_err(|mistrust| protocol.turn_away(&mistrust)).and_then(|claim| match (service, claim) {
            (Some(service), Some(claim)) => self.serve(request, &claim, service),
            (None, Some(claim)) => Err(self.not_simulated(format!("the service `{}`", claim.scope.service))),
            (service, None) => self.serve_unsigned(request, protocol, service),
        });
        let answer = match served {
            Ok((operation, output)) => protocol.answer(&operation, &output, &request_id),
            Err(refusal) => {
                tracing::debug!(%refusal, request_id, "refused");
                protocol.refuse(&refusal, &request_id)
            }
        };
        Exchange { request_id, answer }
    }

    /// Refuses `request`, whose body exceeds `limit` bytes.
    pub(super) fn too_large(&self, request: &Request<Bytes>, limit: usize) -> Exchange {
        let request_id = self.request_ids.draw();
        let claim = Claim::read(request).ok().flatten();
        let protocol =
            self.addressed(request, claim.as_ref()).map_or_else(|| spoken(request), |service| service.protocol);
        let message = format!("the request is larger than {limit} bytes");
        let refusal = Refusal::Fault { code: "RequestEntityTooLarge", status: 413, message };
        Exchange { answer: protocol.refuse(&refusal, &request_id), request_id }
    }

    /// Authenticates, reads and carries out `request`: the operation's name and its output.
    fn serve(&self, request: &Request<Bytes>, claim: &Claim, service: &Service) -> Result<(String, Value), Refusal> {
        let Service { signing_name, protocol, operations } = service;
        let look = |world: &World| (world.credential(&claim.access_key_id), world.region().to_string());
        let (credential, region) = self.account.look(look);
        let caller = verify(claim, request, credential.as_ref(), &region, account::now())
            .map_err(|mistrust| protocol.turn_away(&mistrust))?;
        let path = request.uri().path();
        if path != "/" {
            return Err(self.not_simulated(format!("the path `{path}` of {signing_name}")));
        }
        let call = protocol.read(request)?;
        let Some(row) = operations.iter().find(|row| row.name == call.operation) else {
            let _ = self.not_simulated(format!("the operation {signing_name}:{}", call.operation));
            return Err(protocol.unknown(signing_name, &call.operation));
        };
        tracing::debug!(service = signing_name, operation = row.name, caller = %caller.arn, "called");
        let output = self.account.answer(service, row, caller, call.parameters)?;
        Ok((call.operation, output))
    }

    /// Reads and carries out `request`, which nobody signed, if it is one that nobody needs to sign.
    fn serve_unsigned(
        &self,
        request: &Request<Bytes>,
        protocol: Protocol,
        service: Option<&Service>,
    ) -> Result<(String, Value), Refusal> {
        let call = service.and_then(|_| protocol.read(request).ok()).filter(|_| request.uri().path() == "/");
        let operations = service.map_or(&[][..], |service| service.operations.as_slice());
        let row = call.as_ref().and_then(|call| operations.iter().find(|row| row.name == call.operation));
        let (Some(service), Some(call), Some(row)) = (service, call, row.filter(|row| row.unsigned)) else {
            return Err(protocol.turn_away(&Mistrust::Missing));
        };
        tracing::debug!(operation = row.name, "called without a signature");
        let anonymous = self.account.look(World::anonymous);
        let output = self.account.answer(service, row, &anonymous, call.parameters)?;
        Ok((call.operation, output))
    }

    /// The service that `request` is for: the one it was signed for, or, unsigned, the one whose host, target or action it names.
    fn addressed(&self, request: &Request<Bytes>, claim: Option<&Claim>) -> Option<&Service> {
        let named = |name: &str| self.services.iter().find(|service| service.signing_name == name);
        if let Some(claim) = claim {
            return named(&claim.scope.service);
        }
        // Such as `ecs.eu-central-1.amazonaws.com` and `api.ecr.eu-central-1.amazonaws.com`.
        let host = header(request, HOST.as_str()).trim_start_matches("api.");
        let by_host = host.split('.').next().and_then(named);
        by_host.or_else(|| {
            self.services.iter().find(|service| {
                let Ok(call) = service.protocol.read(request) else { return false };
                service.operations.iter().any(|row| row.name == call.operation)
            })
        })
    }

    /// Records that `what` was asked for, and refuses it.
    fn not_simulated(&self, what: String) -> Refusal {
        self.account.stir(|world, now| world.not_simulated(now, what.clone()));
        Refusal::NotSimulated { what }
    }
}

/// The protocol to answer in where no service tells: JSON to who speaks it, else XML.
fn spoken(request: &Request<Bytes>) -> Protocol {
    let is_json =
        request.headers().contains_key("x-amz-target") || header(request, CONTENT_TYPE.as_str()).contains("json");
    if is_json { Protocol::Json { target: "" } } else { Protocol::Query { namespace: "", denied: "AccessDenied" } }
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
