//! What stands between a migrator and the database: it passes everything on, writes down the statements that change something, and
//! can keep one of them, or the answer to it, back.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::decoder::Decoder;
use super::statement::changes;
use crate::database::Engine;

/// What a gate keeps back. Statements that change something are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing.
    Nothing,
    /// The answer to a statement, until it is released: the server has run it, and the client does not know.
    AnswerTo(usize),
    /// A statement, until it is released.
    Before(usize),
    /// The answer to every statement in turn, each until it is released.
    EachAnswer,
}

/// A gate on an address that the migrator's container reaches. Dropping it ends every connection through it.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    server: SocketAddr,
    hold: Hold,
    seen: Mutex<Vec<String>>,
    /// How often something has been held, and how much of that has been released.
    held: watch::Sender<usize>,
    released: watch::Sender<usize>,
}

impl Gate {
    /// Opens a gate to `server` on a free port of `address`.
    ///
    /// # Errors
    /// If the system gives no port there.
    pub async fn open(engine: Engine, address: IpAddr, server: SocketAddr, hold: Hold) -> std::io::Result<Self> {
        let listener = TcpListener::bind((address, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            engine,
            server,
            hold,
            seen: Mutex::default(),
            held: watch::Sender::new(0),
            released: watch::Sender::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The statements that change something, in the order in which they came, the one that is held included.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until something is held that has not been released; for ever if it never comes.
    pub async fn held(&self) {
        let released = *self.shared.released.borrow();
        let mut held = self.shared.held.subscribe();
        // The sender lives as long as the gate.
        let _still_open = held.wait_for(|held| *held > released).await;
    }

    /// Lets what is held pass.
    pub fn release(&self) {
        self.shared.released.send_modify(|released| *released = released.saturating_add(1));
    }

    /// Lets everything pass from now on.
    pub fn release_all(&self) {
        self.shared.released.send_replace(usize::MAX);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(pass(client, Arc::clone(&shared)));
    }
}

/// One connection, until either side ends it.
async fn pass(mut client: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let mut server = TcpStream::connect(shared.server).await?;
    let mut decoder = Decoder::new(shared.engine);
    let (mut from_client, mut from_server) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut keep_answer = false;
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                for message in decoder.client_sent(&from_client[..read]) {
                    let change = message.statement.filter(|text| changes(text)).map(|text| shared.count(text));
                    if change.is_some_and(|number| shared.hold == Hold::Before(number)) {
                        shared.hold_until_released().await;
                    }
                    keep_answer |= change.is_some_and(|number| {
                        shared.hold == Hold::AnswerTo(number) || shared.hold == Hold::EachAnswer
                    });
                    server.write_all(&message.bytes).await?;
                    if let Some(answer) = message.answer {
                        client.write_all(&[answer]).await?;
                    }
                }
            }
            read = server.read(&mut from_server) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                if std::mem::take(&mut keep_answer) {
                    shared.hold_until_released().await;
                }
                decoder.server_sent(&mut from_server[..read]);
                client.write_all(&from_server[..read]).await?;
            }
        }
    }
}

impl Shared {
    /// Writes a change down and tells its number.
    fn count(&self, text: String) -> usize {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(text);
        seen.len()
    }

    async fn hold_until_released(&self) {
        let mut number = 0;
        self.held.send_modify(|held| {
            *held += 1;
            number = *held;
        });
        let mut released = self.released.subscribe();
        // The sender lives as long as this.
        let _still_open = released.wait_for(|released| *released >= number).await;
    }
}
