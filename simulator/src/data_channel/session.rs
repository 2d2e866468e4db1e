//! One session: a websocket on one side, a terminal in a container on the other.

use std::future::pending;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket, close_code};
use bytes::Bytes;
use serde_json::Value;
use simulator_core::ecs::Execution;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::message::{ACKNOWLEDGE, CHANNEL_CLOSED, INPUT, Id, Message, MessageError, OUTPUT, payload};
use super::stream::{Incoming, Outgoing, Pieces};
use super::words::{self, OpenDataChannel};
use crate::account::now;
use crate::driver::docker::{Keyboard, Terminal};
use crate::engine::Engine;

/// A client says who it is, and then what it can do, within this time.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// A session ends after this time in which nothing was typed or shown: "an idle timeout time of 20 minutes. This value can't be
/// changed" (ECS developer guide, considerations for using ECS Exec).
const IDLE: Duration = Duration::from_mins(20);
/// A client that takes nothing for this long has gone away.
const PATIENCE: Duration = Duration::from_secs(30);
/// The last of the output may take this long to be acknowledged (`PrepareToCloseChannel` of the agent).
const LAST_WORDS: Duration = Duration::from_secs(2);
/// So much that was typed waits for the program to read it.
const TYPED_AHEAD: usize = 16;
/// Both bits of a message that stands alone.
const ALONE: u64 = 3;

/// Why a session broke off, other than by its own end.
#[derive(Debug, Error)]
pub(super) enum SessionError {
    /// The client went away, or its connection broke.
    #[error("the client has gone")]
    Gone,
    /// What it sent is no message of the protocol.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// It did not say who it was, in time.
    #[error("the client did not open the channel")]
    Silent,
    /// Its token is not the session's.
    #[error("the client has no right to the session")]
    Refused,
}

/// What is to be done in the terminal.
enum Deed {
    Type(Bytes),
    Resize((u16, u16)),
}

/// Serves the session `id` on `socket`, once `admit` says what whoever shows a token may run.
pub(super) async fn run(
    mut socket: WebSocket,
    id: &str,
    admit: impl Fn(&str) -> Option<Execution>,
    engine: &Engine,
    stopping: &CancellationToken,
) -> Result<(), SessionError> {
    let opened = timeout(HANDSHAKE, first_words(&mut socket)).await.map_err(|_| SessionError::Silent)?;
    let execution = OpenDataChannel::read(&opened?).and_then(|opened| admit(&opened.token_value));
    let Some(execution) = execution else {
        let reason = "the token is not valid for this session".into();
        // Whether it hears that is its own affair.
        let _ = socket.send(Frame::Close(Some(CloseFrame { code: close_code::POLICY, reason }))).await;
        return Err(SessionError::Refused);
    };
    let mut channel =
        Channel { socket, incoming: Incoming::default(), outgoing: Outgoing::default(), ids: RandomState::new() };
    let why = match channel.shake_hands().await? {
        Err(refused) => refused,
        Ok(()) => match begin(engine, &execution).await {
            Err(message) => format!("----------ERROR-------\nUnable to start command: {message}"),
            Ok(terminal) => {
                let process = terminal.process.clone();
                let ended = channel.enter(terminal, stopping).await;
                // It may have ended by itself.
                process.kill().await;
                ended?.to_owned()
            }
        },
    };
    channel.close(id, &why).await
}

/// The first text of a client, which may ping before.
async fn first_words(socket: &mut WebSocket) -> Result<Utf8Bytes, SessionError> {
    loop {
        match socket.recv().await {
            Some(Ok(Frame::Text(text))) => return Ok(text),
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
            Some(Ok(Frame::Binary(_))) => return Err(SessionError::Silent),
            None | Some(Err(_) | Ok(Frame::Close(_))) => return Err(SessionError::Gone),
        }
    }
}

/// Starts what is to be run. Its words are those of a shell, though no shell reads them (amazon-ssm-agent in `ContainerMode`).
async fn begin(engine: &Engine, execution: &Execution) -> Result<Terminal, String> {
    let words = shlex::split(&execution.command).filter(|words| !words.is_empty());
    let words = words.ok_or("Failed to parse commands input")?;
    Terminal::open(engine, &execution.runtime_id, words).await
}

struct Channel {
    socket: WebSocket,
    incoming: Incoming,
    outgoing: Outgoing,
    ids: RandomState,
}

impl Channel {
    /// Asks what the client can do; the inner error is what it cannot.
    async fn shake_hands(&mut self) -> Result<Result<(), String>, SessionError> {
        let began = Instant::now();
        self.say(payload::HANDSHAKE_REQUEST, words::handshake_request().to_string().into()).await?;
        loop {
            while let Some(message) = self.incoming.take() {
                if message.payload_kind != payload::HANDSHAKE_RESPONSE {
                    continue;
                }
                if let Err(refused) = words::accepted(&message.payload) {
                    return Ok(Err(refused));
                }
                let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                self.say(payload::HANDSHAKE_COMPLETE, words::handshake_complete(took).to_string().into()).await?;
                return Ok(Ok(()));
            }
            let due = self.outgoing.due();
            tokio::select! {
                frame = self.socket.recv() => self.take(frame).await?,
                () = until(due) => self.say_again().await?,
                () = until(Some(began + HANDSHAKE)) => return Err(SessionError::Silent),
            }
        }
    }

    /// Passes everything on between the client and `terminal`, until either ends. Answers what the user is told.
    async fn enter(&mut self, terminal: Terminal, stopping: &CancellationToken) -> Result<&'static str, SessionError> {
        let Terminal { mut screen, keyboard, process: _ } = terminal;
        let (deeds, wanted) = mpsc::channel(TYPED_AHEAD);
        let _typing = AbortOnDropHandle::new(tokio::spawn(act(keyboard, wanted)));
        let mut pieces = Pieces::default();
        let mut active = Instant::now();
        loop {
            let due = self.outgoing.due();
            tokio::select! {
                frame = self.socket.recv() => self.take(frame).await?,
                Ok(room) = deeds.reserve(), if self.incoming.first().is_some() => {
                    active = Instant::now();
                    match self.incoming.take().map(deed) {
                        Some(Some(Wanted::Deed(deed))) => room.send(deed),
                        Some(Some(Wanted::End)) => return Ok(""),
                        Some(None) | None => {}
                    }
                }
                shown = screen.read(), if !self.outgoing.is_full() => {
                    active = Instant::now();
                    let Some(shown) = shown else { break };
                    for piece in pieces.of(&shown) {
                        self.say(payload::TEXT, piece).await?;
                    }
                }
                () = until(due) => self.say_again().await?,
                () = until(Some(active + IDLE)) => return Ok("Your session timed out due to inactivity."),
                () = stopping.cancelled() => return Ok("The simulated account is being shut down."),
            }
        }
        if let Some(rest) = pieces.end() {
            self.say(payload::TEXT, rest).await?;
        }
        self.drain().await?;
        Ok("")
    }

    /// Waits until the client has seen everything, as long as the agent waits.
    async fn drain(&mut self) -> Result<(), SessionError> {
        let end = Instant::now() + LAST_WORDS;
        while !self.outgoing.is_empty() {
            let due = self.outgoing.due();
            tokio::select! {
                frame = self.socket.recv() => self.take(frame).await?,
                () = until(due) => self.say_again().await?,
                () = until(Some(end)) => break,
            }
        }
        Ok(())
    }

    /// Tells the client that the session `session` is over.
    async fn close(mut self, session: &str, why: &str) -> Result<(), SessionError> {
        let id = self.draw(CHANNEL_CLOSED, 0);
        let content = words::channel_closed(session, id, now().as_millis(), why);
        self.tell(CHANNEL_CLOSED, &content).await?;
        self.send(Frame::Close(None)).await?;
        // Hanging up first could lose what has just been said.
        let hung_up = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        let _ = timeout(LAST_WORDS, hung_up).await;
        Ok(())
    }

    /// Takes in one frame of the client.
    async fn take(&mut self, frame: Option<Result<Frame, axum::Error>>) -> Result<(), SessionError> {
        let bytes = match frame {
            None | Some(Err(_) | Ok(Frame::Close(_))) => return Err(SessionError::Gone),
            // Pings have been answered already.
            Some(Ok(Frame::Text(_) | Frame::Ping(_) | Frame::Pong(_))) => return Ok(()),
            Some(Ok(Frame::Binary(bytes))) => bytes,
        };
        let message = Message::read(&bytes)?;
        match message.kind.as_str() {
            INPUT => {
                let content = words::acknowledgement(&message);
                if self.incoming.receive(message) {
                    self.tell(ACKNOWLEDGE, &content).await?;
                }
            }
            ACKNOWLEDGE => {
                if let Some(sequence) = words::acknowledged(&message.payload) {
                    self.outgoing.acknowledge(sequence);
                }
            }
            // Such as those by which a broker tells either side to wait.
            _ => {}
        }
        Ok(())
    }

    /// Sends the next message of the stream.
    async fn say(&mut self, payload_kind: u32, payload: Bytes) -> Result<(), SessionError> {
        let sequence = self.outgoing.next();
        let (kind, id) = (OUTPUT.to_owned(), self.draw(OUTPUT, sequence));
        let flags = u64::from(sequence == 0);
        let message = Message { kind, created: now(), sequence, flags, id, payload_kind, payload };
        let bytes = Bytes::from(message.write());
        self.outgoing.sent(bytes.clone(), Instant::now());
        self.send(Frame::Binary(bytes)).await
    }

    /// Sends again what should have been acknowledged.
    async fn say_again(&mut self) -> Result<(), SessionError> {
        match self.outgoing.again(Instant::now()) {
            Some(bytes) => self.send(Frame::Binary(bytes)).await,
            None => Ok(()),
        }
    }

    /// Sends a message that is no part of the stream.
    async fn tell(&mut self, kind: &str, content: &Value) -> Result<(), SessionError> {
        let payload = Bytes::from(content.to_string());
        let (id, created) = (self.draw(kind, i64::try_from(now().as_millis()).unwrap_or(i64::MAX)), now());
        let kind = kind.to_owned();
        let message = Message { kind, created, sequence: 0, flags: ALONE, id, payload_kind: 0, payload };
        self.send(Frame::Binary(message.write().into())).await
    }

    async fn send(&mut self, frame: Frame) -> Result<(), SessionError> {
        match timeout(PATIENCE, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(SessionError::Gone),
        }
    }

    fn draw(&self, kind: &str, number: i64) -> Id {
        let (high, low) = (self.ids.hash_one((kind, number, 0)), self.ids.hash_one((kind, number, 1)));
        Id(u128::from(high) << 64 | u128::from(low))
    }
}

/// What a message wants.
enum Wanted {
    Deed(Deed),
    End,
}

/// What `message` wants; none if nothing that a terminal can do.
fn deed(message: Message) -> Option<Wanted> {
    match message.payload_kind {
        payload::TEXT => Some(Wanted::Deed(Deed::Type(message.payload))),
        payload::SIZE => words::size(&message.payload).map(|size| Wanted::Deed(Deed::Resize(size))),
        payload::FLAG if message.payload.as_ref() == payload::TERMINATE.to_be_bytes() => Some(Wanted::End),
        _ => None,
    }
}

/// Does what is wanted, in order.
async fn act(mut keyboard: Keyboard, mut wanted: mpsc::Receiver<Deed>) {
    while let Some(deed) = wanted.recv().await {
        match deed {
            Deed::Type(keys) => {
                if keyboard.write(&keys).await.is_err() {
                    return;
                }
            }
            Deed::Resize(size) => keyboard.resize(size).await,
        }
    }
}

/// Waits until `instant`, or for ever.
async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant.into()).await,
        None => pending().await,
    }
}
