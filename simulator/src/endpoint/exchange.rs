//! One request and its answer, without sockets.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, HOST};
use simulator_core::{Refusal, World};
use tokio::sync::Semaphore;

use super::hold::Polls;
use super::request_id::RequestIds;
use crate::account::{self, Account};
use crate::registry::LayerApi;
use crate::service::{Protocol, Service};
use crate::wire::Document;
use crate::wire::protocol::{Answer, Foreign};
use crate::wire::signature::{Claim, Mistrust, verify};

/// What the endpoint serves.
pub(super) struct Served {
    account: Arc<Account>,
    services: Vec<Service>,
    layers: Option<LayerApi>,
    request_ids: RequestIds,
    /// Where polls may be held.
    polls: Option<Polls>,
    /// Turns of the requests that may be very large, so that many at once do not fill the memory.
    pub(super) large_requests: Semaphore,
}

/// So many requests that may be very large are read and answered at a time.
const LARGE_REQUESTS: usize = 4;

/// An answer with the id of its request.
pub(super) struct Exchange {
    pub(super) request_id: String,
    pub(super) answer: Answer,
}

/// Why a request's body was not read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unread {
    /// It exceeds `limit` bytes.
    TooLarge {
        /// The most that is read.
        limit: usize,
    },
    /// It did not arrive in time.
    TooSlow,
}

impl Served {
    pub(super) fn new(account: Arc<Account>, services: Vec<Service>) -> Self {
        Self {
            account,
            services,
            layers: None,
            request_ids: RequestIds::default(),
            polls: None,
            large_requests: Semaphore::new(LARGE_REQUESTS),
        }
    }

    /// The same with ECR's API for layers.
    pub(super) fn with_layers(self, layers: Option<LayerApi>) -> Self {
        Self { layers, ..self }
    }

    /// The same, where polls may be held.
    pub(super) fn with_held_polls(self, held: bool) -> Self {
        Self { polls: held.then(Polls::default), ..self }
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
        if let (None, Ok(Some(claim))) = (service, &claim) {
            return self.refuse_foreign(request, &claim.scope.service, request_id);
        }
        let served = claim.map_err(|mistrust| protocol.turn_away(&mistrust)).and_then(|claim| match (service, claim) {
            (Some(service), Some(claim)) => self.serve(request, &claim, service),
            (service, _) => self.serve_unsigned(request, protocol, service),
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

    /// Refuses `request`, whose body was not read, by the names of the errors that are common to all services (such as in "Common Errors"
    /// of the Lambda API reference).
    pub(super) fn refuse_unread(&self, request: &Request<Bytes>, unread: Unread) -> Exchange {
        let request_id = self.request_ids.draw();
        let claim = Claim::read(request).ok().flatten();
        let protocol =
            self.addressed(request, claim.as_ref()).map_or_else(|| spoken(request), |service| service.protocol);
        let (code, status, message) = match unread {
            Unread::TooLarge { limit } => {
                ("RequestEntityTooLargeException", 413, format!("the request is larger than {limit} bytes"))
            }
            Unread::TooSlow => ("RequestTimeoutException", 408, "the request's body did not arrive in time".to_owned()),
        };
        let refusal = Refusal::Fault { code, status, message };
        Exchange { answer: protocol.refuse(&refusal, &request_id), request_id }
    }

    /// Authenticates, reads and carries out `request`: the operation's name and its output.
    fn serve(&self, request: &Request<Bytes>, claim: &Claim, service: &Service) -> Result<(String, Document), Refusal> {
        let Service { signing_name, protocol, operations } = service;
        let credential = self.account.look(|world| world.credential(&claim.access_key_id));
        let region = self.account.home().region();
        let caller = verify(claim, request, credential.as_ref(), region.as_str(), account::now())
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
        let output = match &self.layers {
            _ if !LayerApi::serves(signing_name, row) => self.account.answer(service, row, caller, call.parameters),
            Some(layers) => layers.answer(service, row, caller, call.parameters),
            None => Err(self.not_simulated(format!("{signing_name}:{} without a registry", row.name))),
        }?;
        Ok((call.operation, output))
    }

    /// Reads and carries out `request`, which nobody signed, if it is one that nobody needs to sign.
    fn serve_unsigned(
        &self,
        request: &Request<Bytes>,
        protocol: Protocol,
        service: Option<&Service>,
    ) -> Result<(String, Document), Refusal> {
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

    /// Refuses `request`, which was signed for a service that is not simulated, in its own protocol.
    fn refuse_foreign(&self, request: &Request<Bytes>, service: &str, request_id: String) -> Exchange {
        let foreign = Foreign::of(request, service);
        let refusal = self.not_simulated(foreign.asked(request, service));
        tracing::debug!(%refusal, request_id, "refused");
        Exchange { answer: foreign.refuse(&refusal, &request_id), request_id }
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
