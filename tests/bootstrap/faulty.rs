//! A server between a client and an account that counts calls, and does something about one of them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// What is done about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The client is killed before the call reaches the account.
    KillBefore,
    /// The client is killed before it is told what the account has answered.
    KillAfter,
    /// The account says that there were too many calls.
    Throttle,
    /// The account fails.
    Break,
    /// What the account has answered is lost.
    Lose,
    /// Somebody presses Ctrl-C.
    Interrupt,
}

/// The server. It goes on until the test ends.
pub(super) struct Faulty {
    port: u16,
    calls: Arc<AtomicUsize>,
    victim: Arc<Mutex<Option<Pid>>>,
}

/// One message of HTTP, whole.
struct Message {
    head: String,
    body: Vec<u8>,
}

impl Faulty {
    /// Stands before `endpoint`, and does something about the call of a number, from 1.
    pub(super) fn before(endpoint: &str, fault: Option<(usize, Fault)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let port = listener.local_addr().expect("it is bound").port();
        let (calls, victim) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
        let account = endpoint.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let (counted, killed) = (Arc::clone(&calls), Arc::clone(&victim));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (account, counted, killed) = (account.clone(), Arc::clone(&counted), Arc::clone(&killed));
                // A client that is killed leaves its connection; that is nobody's failure.
                std::thread::spawn(move || drop(serve(client, &account, fault, &counted, &killed)));
            }
        });
        Self { port, calls, victim }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many calls there were.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Says who is killed if it comes to that.
    pub(super) fn aims_at(&self, child: &std::process::Child) {
        *self.victim.lock().unwrap_or_else(PoisonError::into_inner) = Some(Pid::from_child(child));
    }
}

fn serve(
    client: TcpStream,
    account: &str,
    fault: Option<(usize, Fault)>,
    calls: &AtomicUsize,
    victim: &Mutex<Option<Pid>>,
) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut requests = BufReader::new(client.try_clone()?);
    let mut client = client;
    let mut upstream: Option<BufReader<TcpStream>> = None;
    while let Some(request) = read(&mut requests)? {
        let number = calls.fetch_add(1, Ordering::SeqCst) + 1;
        let fault = fault.and_then(|(at, fault)| (at == number).then_some(fault));
        match fault {
            Some(Fault::KillBefore) => return signal(victim, Signal::KILL),
            Some(Fault::Interrupt) => signal(victim, Signal::INT)?,
            Some(Fault::Throttle) => {
                client.write_all(throttled(&request.head).as_bytes())?;
                continue;
            }
            Some(Fault::Break) => {
                client.write_all(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n")?;
                continue;
            }
            Some(Fault::KillAfter | Fault::Lose) | None => {}
        }
        let mut server = match upstream.take() {
            Some(open) => open,
            None => BufReader::new(TcpStream::connect(account)?),
        };
        server.get_mut().set_nodelay(true)?;
        server.get_mut().write_all(request.head.as_bytes())?;
        server.get_mut().write_all(&request.body)?;
        let Some(answer) = read(&mut server)? else { return Ok(()) };
        match fault {
            Some(Fault::KillAfter) => return signal(victim, Signal::KILL),
            Some(Fault::Lose) => return Ok(()),
            Some(Fault::KillBefore | Fault::Throttle | Fault::Break | Fault::Interrupt) | None => {
                client.write_all(answer.head.as_bytes())?;
                client.write_all(&answer.body)?;
            }
        }
        upstream = Some(server);
    }
    Ok(())
}

fn signal(victim: &Mutex<Option<Pid>>, signal: Signal) -> std::io::Result<()> {
    // The first call can be here before the test knows whom it has started.
    loop {
        if let Some(pid) = *victim.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(kill_process(pid, signal)?);
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// The next message; none where the other side has closed the connection.
fn read(from: &mut BufReader<TcpStream>) -> std::io::Result<Option<Message>> {
    let mut head = String::new();
    loop {
        if from.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        if head.ends_with("\r\n\r\n") {
            break;
        }
    }
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    assert!(header(&head, "transfer-encoding").is_none(), "whole messages are expected: {head}");
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(Some(Message { head, body }))
}

fn header<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    let named = head.lines().filter_map(|line| line.split_once(':'));
    named.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim()).next()
}

/// How the service that is asked says that there were too many calls.
fn throttled(head: &str) -> String {
    let is_json = header(head, "content-type").is_some_and(|kind| kind.starts_with("application/x-amz-json"));
    let is_ec2 = header(head, "authorization").is_some_and(|scope| scope.contains("/ec2/aws4_request"));
    let (kind, body) = if is_json {
        ("application/x-amz-json-1.1", r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#)
    } else if is_ec2 {
        (
            "text/xml",
            "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors><RequestID>1</RequestID></Response>",
        )
    } else {
        (
            "text/xml",
            "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        )
    };
    let status = if is_ec2 { "503 Service Unavailable" } else { "400 Bad Request" };
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
