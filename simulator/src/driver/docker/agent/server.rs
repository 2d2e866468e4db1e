//! Serving one task.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;
use serde_json::{Map, Value};
use simulator_core::effect::TaskId;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::answer::{self, Answer, Question};
use crate::account::Account;
use crate::engine::Engine;

/// Of what the agent answers.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) account: Arc<Account>,
    pub(super) engine: Engine,
    pub(super) task: TaskId,
}

/// Answers on `listener` until it is dropped.
pub(super) async fn serve(listener: TcpListener, asked: Asked) {
    let router = Router::new().fallback(respond).with_state(asked);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::warn!(%error, "a task's agent ended");
    }
}

async fn respond(State(asked): State<Asked>, request: Request<Body>) -> Response<Body> {
    let answer = if request.method() == axum::http::Method::GET {
        asked.answer(Question::parse(request.uri().path())).await
    } else {
        Answer::not_found()
    };
    let mut response = Response::new(Body::from(answer.body.to_string()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

impl Asked {
    async fn answer(&self, question: Question<'_>) -> Answer {
        match question {
            Question::Credentials(id) if id == super::credentials_id(self.task) => {
                let known = self.account.task_credentials(&self.task);
                known.map_or_else(Answer::no_credentials, |(role, known)| answer::credentials(&role, &known))
            }
            Question::Credentials(_) => Answer::no_credentials(),
            Question::Container(id) => self.look(id, answer::container),
            Question::Task { container, tags } => {
                self.look(container, |world, task, _| answer::task(world, task, tags))
            }
            Question::Stats(container) => {
                match self.account.look(|world| answer::runtime_id(world, &self.task, container)) {
                    Some(id) => Answer::found(self.stats(&id).await),
                    None => Answer::not_found(),
                }
            }
            Question::TaskStats(container) => {
                let known = self.account.look(|world| answer::runtime_id(world, &self.task, container)).is_some();
                if !known {
                    return Answer::not_found();
                }
                let mut all = Map::new();
                for id in self.account.look(|world| answer::runtime_ids(world, &self.task)) {
                    let stats = self.stats(&id).await;
                    all.insert(id, stats);
                }
                Answer::found(Value::Object(all))
            }
            Question::Unknown => Answer::not_found(),
        }
    }

    fn look(
        &self,
        container: &str,
        at: impl FnOnce(&simulator_core::World, &simulator_core::ecs::Task, usize) -> Value,
    ) -> Answer {
        self.account.look(|world| match answer::place(world, &self.task, container) {
            Some((task, place)) => Answer::found(at(world, task, place)),
            None => Answer::not_found(),
        })
    }

    /// What the engine says of a container's use of the machine, in its own form, which is also the agent's; null if it does not say.
    async fn stats(&self, container: &str) -> Value {
        let options = StatsOptionsBuilder::default().stream(false).one_shot(true).build();
        let mut stream = self.engine.docker().stats(container, Some(options));
        let said = stream.next().await.and_then(Result::ok);
        said.and_then(|stats| serde_json::to_value(stats).ok()).unwrap_or(Value::Null)
    }
}

/// Passes every connection on to `to`.
pub(super) async fn relay(listener: TcpListener, to: SocketAddr) {
    let mut under_way = JoinSet::new();
    while let Ok((mut from, _)) = listener.accept().await {
        while under_way.try_join_next().is_some() {}
        under_way.spawn(async move {
            // Whichever end hangs up, the other is told.
            if let Ok(mut onward) = TcpStream::connect(to).await {
                let _ = copy_bidirectional(&mut from, &mut onward).await;
            }
        });
    }
}
