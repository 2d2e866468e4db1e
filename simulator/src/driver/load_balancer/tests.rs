//! The load balancer between real clients and real servers, all on loopback.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::*;
use simulator_core::elb::{Condition, Share};

fn arn(name: &str) -> Arn {
    format!("arn:aws:elasticloadbalancing:eu-central-1:123456789012:{name}").parse().expect("an ARN")
}

fn target(address: SocketAddr) -> Target {
    Target { address: address.ip(), port: address.port() }
}

/// The rules of a listener that spreads every request so.
fn all_to(shares: &[(&Arn, u32)]) -> Vec<Forwarding> {
    let share = |(group, weight): &(&Arn, u32)| Share { target_group: (*group).clone(), weight: *weight };
    vec![Forwarding { conditions: Vec::new(), shares: shares.iter().map(share).collect() }]
}

/// A load balancer with one listener and its group.
struct Setup {
    balancer: LoadBalancer,
    group: Arn,
    url: String,
    client: reqwest::Client,
}

impl Setup {
    async fn new(patience: Patience) -> Self {
        let balancer = LoadBalancer::new(patience);
        let group = arn("targetgroup/x/3");
        let address =
            balancer.listen(arn("listener/app/x/1/2"), all_to(&[(&group, 1)]), 80).await.expect("a free port");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { balancer, group, url: format!("http://{address}"), client }
    }

    fn route(&self, servers: &[&Server]) {
        let targets: Vec<_> = servers.iter().map(|server| target(server.address)).collect();
        self.balancer.route(&self.group, &targets);
    }

    async fn status(&self) -> StatusCode {
        self.client.get(&self.url).send().await.expect("the load balancer always answers").status()
    }
}

/// A server that answers with its name, or otherwise as its path says.
struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
    connections: JoinSet<()>,
    /// Requests for `/held` are answered when this becomes true.
    release: watch::Sender<bool>,
    end: watch::Sender<bool>,
}

impl Server {
    async fn new(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (requests, release) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(false));
        let (end, mut ended) = watch::channel(false);
        let mut connections = JoinSet::new();
        let (counter, released) = (Arc::clone(&requests), release.subscribe());
        connections.spawn(async move {
            // Whoever drops the outer set drops this one with it.
            let mut inner = JoinSet::new();
            loop {
                let stream = tokio::select! {
                    accepted = listener.accept() => accepted.expect("it can accept").0,
                    _ = ended.wait_for(|&ended| ended) => break,
                };
                let (counter, released) = (Arc::clone(&counter), released.clone());
                let service = service_fn(move |request| {
                    counter.fetch_add(1, Ordering::SeqCst);
                    answer(name, request, released.clone())
                });
                inner.spawn(async move {
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            drop(listener);
            inner.shutdown().await;
        });
        Self { address, requests, connections, release, end }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// As a process that ends: every socket is closed at once, whatever is on it.
    async fn kill(mut self) {
        self.end.send_replace(true);
        self.connections.join_next().await.expect("one task").expect("no panic");
    }
}

type Answer = Either<Full<Bytes>, StreamBody<stream::BoxStream<'static, Result<Frame<Bytes>, hyper::Error>>>>;

async fn answer(
    name: &'static str,
    request: Request<Incoming>,
    mut released: watch::Receiver<bool>,
) -> Result<Response<Answer>, Infallible> {
    let text = match request.uri().path() {
        "/headers" => {
            let lines =
                request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")));
            format!("{} {}\n{}", request.method(), request.uri(), lines.collect::<Vec<_>>().join("\n"))
        }
        "/held" => {
            released.wait_for(|&released| released).await.expect("the server lives");
            "released".to_owned()
        }
        "/echo" => {
            let echo = request.into_body().into_data_stream().map(|piece| piece.map(Frame::data)).boxed();
            return Ok(Response::new(Either::Right(StreamBody::new(echo))));
        }
        _ => name.to_owned(),
    };
    Ok(Response::new(Either::Left(Full::from(text))))
}

#[tokio::test]
async fn requests_go_round_and_only_to_those_routed() {
    let setup = Setup::new(Patience::default()).await;
    let (one, two, three) = (Server::new("one").await, Server::new("two").await, Server::new("three").await);
    setup.route(&[&one, &two]);
    let mut answers = Vec::new();
    for _ in 0..6 {
        let response = setup.client.get(&setup.url).send().await.expect("answered");
        answers.push(response.text().await.expect("text"));
    }
    assert_eq!(answers, ["one", "two", "one", "two", "one", "two"]);

    setup.route(&[&three, &two]);
    for _ in 0..6 {
        assert_eq!(setup.status().await, 200);
    }
    assert_eq!((one.requests(), two.requests(), three.requests()), (3, 6, 3));
}

/// Ninety requests of each listener: the weights decide, and the same weights always give the same order.
#[tokio::test]
async fn requests_are_spread_over_target_groups_by_weight() {
    let setup = Setup::new(Patience::default()).await;
    let (blue, green) = (Server::new("blue").await, Server::new("green").await);
    let (alternate, listener) = (arn("targetgroup/y/4"), arn("listener/app/x/1/2"));
    setup.route(&[&blue]);
    setup.balancer.route(&alternate, &[target(green.address)]);
    for (weights, expected) in [((100, 0), 0), ((90, 10), 9), ((1, 2), 60), ((0, 100), 90), ((50, 50), 45)] {
        setup.balancer.forward(&listener, all_to(&[(&setup.group, weights.0), (&alternate, weights.1)]));
        let before = (blue.requests(), green.requests());
        for _ in 0..90 {
            assert_eq!(setup.status().await, 200);
        }
        let seen = (blue.requests() - before.0, green.requests() - before.1);
        assert_eq!(seen, (90 - expected, expected), "by {weights:?}");
    }
    setup.balancer.forward(&listener, all_to(&[(&setup.group, 0), (&alternate, 0)]));
    assert_eq!(setup.status().await, 503, "a rule that gives nobody anything");

    // A test listener on a port of its own leaves the production listener alone.
    setup.balancer.forward(&listener, all_to(&[(&setup.group, 100), (&alternate, 0)]));
    let test = setup.balancer.listen(arn("listener/app/x/1/3"), all_to(&[(&alternate, 100)]), 8080).await;
    let test = format!("http://{}", test.expect("a free port"));
    let text = async |url: &str| {
        let response = setup.client.get(url).send().await.expect("answered");
        response.text().await.expect("text")
    };
    assert_eq!((text(&setup.url).await, text(&test).await), ("blue".to_owned(), "green".to_owned()));
}

/// The first rule that takes a request decides where it goes.
#[tokio::test]
async fn rules_are_tried_in_order() {
    let setup = Setup::new(Patience::default()).await;
    let (blue, green) = (Server::new("blue").await, Server::new("green").await);
    let alternate = arn("targetgroup/y/4");
    setup.route(&[&blue]);
    setup.balancer.route(&alternate, &[target(green.address)]);
    let to_green = |condition| Forwarding { conditions: vec![condition], ..all_to(&[(&alternate, 1)]).remove(0) };
    let header = Condition::Header { name: "X-Test".to_owned(), values: vec!["yes".to_owned()] };
    let rules = [
        to_green(Condition::Path(vec!["/test/*".to_owned()])),
        to_green(header),
        to_green(Condition::Host(vec!["test.*".to_owned()])),
        all_to(&[(&setup.group, 1)]).remove(0),
    ];
    setup.balancer.forward(&arn("listener/app/x/1/2"), rules.to_vec());
    for (path, header, expected) in [
        ("/", ("x-other", "yes"), "blue"),
        ("/test/a?b=c", ("x-other", "yes"), "green"),
        ("/testing", ("x-other", "yes"), "blue"),
        ("/", ("x-test", "YES"), "green"),
        ("/", ("x-test", "no"), "blue"),
        ("/", ("host", "test.example.com:8080"), "green"),
        ("/", ("host", "example.com"), "blue"),
    ] {
        let request = setup.client.get(format!("{}{path}", setup.url)).header(header.0, header.1);
        let text = request.send().await.expect("answered").text().await.expect("text");
        assert_eq!(text, expected, "{path} with {header:?}");
    }
}

#[tokio::test]
async fn a_target_sees_who_asked_and_by_which_port() {
    let setup = Setup::new(Patience::default()).await;
    let server = Server::new("one").await;
    setup.route(&[&server]);
    let request = setup.client.put(format!("{}/headers?a=b&c=%20", setup.url));
    let request =
        request.header("Host", "news.example.com").header("X-Forwarded-For", "192.0.2.1").header("X-Other", "y");
    let request = request.header("Connection", "close, X-Hop").header("X-Hop", "secret").header("TE", "trailers");
    let text = request.body("body").send().await.expect("answered").text().await.expect("text");
    assert!(text.starts_with("PUT /headers?a=b&c=%20\n"), "{text}");
    for line in [
        "host: news.example.com",
        "x-forwarded-for: 192.0.2.1, 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-port: 80",
        "x-other: y",
        "content-length: 4",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert!(text.contains("\nx-amzn-trace-id: Root=1-"), "{text}");
    assert!(!text.contains("x-hop") && !text.contains("connection:"), "{text}");
}

#[tokio::test]
async fn bodies_stream_both_ways_at_once() {
    let setup = Setup::new(Patience::default()).await;
    let server = Server::new("one").await;
    setup.route(&[&server]);
    let (pieces, body) = mpsc::channel::<Result<Bytes, Infallible>>(1);
    let body = stream::unfold(body, |mut body| async move { body.recv().await.map(|piece| (piece, body)) });
    let request = setup.client.post(format!("{}/echo", setup.url)).body(reqwest::Body::wrap_stream(body));
    pieces.send(Ok(Bytes::from("first"))).await.expect("the request takes it");
    let mut response = request.send().await.expect("answered while the request goes on");
    assert_eq!(response.chunk().await.expect("a piece"), Some(Bytes::from("first")));
    for _ in 0..100 {
        let piece = Bytes::from(vec![7; 100_000]);
        pieces.send(Ok(piece)).await.expect("the request takes it");
        let mut received = 0;
        while received < 100_000 {
            received += response.chunk().await.expect("a piece").expect("there is more").len();
        }
    }
    drop(pieces);
    assert_eq!(response.chunk().await.expect("the end"), None);
}

#[tokio::test]
async fn what_no_target_answers_the_load_balancer_answers_in_its_own_name() {
    let patience = Patience { answer: Duration::from_secs(1), ..Patience::default() };
    let setup = Setup::new(patience).await;
    let response = setup.client.get(&setup.url).send().await.expect("answered");
    assert_eq!(
        (response.status().as_u16(), &response.headers()["server"]),
        (503, &"awselb/2.0".parse().expect("a value"))
    );
    assert!(response.text().await.expect("text").contains("503 Service Unavailable"));

    let gone = Server::new("gone").await;
    setup.route(&[&gone]);
    gone.kill().await;
    assert_eq!(setup.status().await, 502);

    let server = Server::new("slow").await;
    setup.route(&[&server]);
    let held = setup.client.get(format!("{}/held", setup.url)).send().await.expect("answered");
    assert_eq!(held.status(), 504);

    // A server that takes the request and hangs up; one that speaks another protocol.
    for (says, status) in [("", 502), ("SSH-2.0-OpenSSH_9.2\r\n\r\n", 502), ("HTTP/1.1 204 No Content\r\n\r\n", 204)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        setup.balancer.route(&setup.group, &[target(listener.local_addr().expect("bound"))]);
        let serving = async {
            let (mut stream, _) = listener.accept().await.expect("it can accept");
            let mut buffer = [0; 1024];
            assert!(stream.read(&mut buffer).await.expect("a request") > 0);
            stream.write_all(says.as_bytes()).await.expect("it can be said");
        };
        let ((), answered) = tokio::join!(serving, setup.status());
        assert_eq!(answered, status, "{says}");
    }
    let reasons: Vec<_> =
        setup.balancer.failures().into_iter().map(|failure| (failure.status, failure.reason)).collect();
    let expected = [
        (503, "no target is routed"),
        (502, "could not connect: connection refused"),
        (504, "the target did not answer in time"),
        (502, "the target closed the connection before it answered"),
    ];
    for (at, (status, reason)) in expected.into_iter().enumerate() {
        assert_eq!(reasons[at], (status, reason.to_owned()));
    }
    assert_eq!(reasons.len(), 5, "{reasons:?}");
}

#[tokio::test]
async fn a_request_that_keeps_moving_is_not_late() {
    let patience = Patience { answer: Duration::from_secs(2), ..Patience::default() };
    let setup = Setup::new(patience).await;
    // It answers only when it has read the whole request.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    setup.balancer.route(&setup.group, &[target(listener.local_addr().expect("bound"))]);
    let serving = async {
        let (mut stream, _) = listener.accept().await.expect("it can accept");
        let mut read = Vec::new();
        while !read.ends_with(b"0\r\n\r\n") {
            assert!(stream.read_buf(&mut read).await.expect("the request") > 0);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.expect("answered");
    };
    let body = stream::unfold(0, |sent| async move {
        // Slower in all than the load balancer's patience, but never for long at a time.
        tokio::time::sleep(Duration::from_millis(400)).await;
        (sent < 6).then(|| (Ok::<_, Infallible>(Bytes::from("piece")), sent + 1))
    });
    let sending = setup.client.post(&setup.url).body(reqwest::Body::wrap_stream(body)).send();
    let ((), response) = tokio::join!(serving, sending);
    assert_eq!(response.expect("answered").status(), 200);
}

#[tokio::test]
async fn a_target_is_drained_when_it_has_answered_everything_and_gets_nothing_new() {
    let setup = Setup::new(Patience::default()).await;
    let (old, new) = (Server::new("old").await, Server::new("new").await);
    setup.route(&[&old]);
    assert_eq!(setup.status().await, 200);
    let held = tokio::spawn(setup.client.get(format!("{}/held", setup.url)).send());
    while old.requests() < 2 {
        tokio::task::yield_now().await;
    }
    setup.route(&[&new]);
    let drained = setup.balancer.drained(&setup.group, &target(old.address));
    tokio::pin!(drained);
    for _ in 0..20 {
        assert_eq!(setup.status().await, 200);
        assert!(futures_util::poll!(drained.as_mut()).is_pending(), "a request is under way");
    }
    assert_eq!(old.requests(), 2);
    old.release.send_replace(true);
    timeout(Duration::from_secs(10), drained).await.expect("nothing is under way any more");
    let response = held.await.expect("no panic").expect("answered");
    assert_eq!(response.text().await.expect("text"), "released");

    // What was never routed, or is not any more, has nothing to answer.
    let unknown = Target { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 1 };
    timeout(Duration::from_secs(10), setup.balancer.drained(&setup.group, &unknown)).await.expect("at once");
    timeout(Duration::from_secs(10), setup.balancer.drained(&arn("other"), &unknown)).await.expect("at once");
}

/// Replaces a server many times under constant load; `drains` says whether its end waits until it is drained. Answers with
/// how many requests were sent and how many failed.
async fn roll(drains: bool) -> (usize, usize) {
    let setup = Arc::new(Setup::new(Patience::default()).await);
    let mut server = Server::new("first").await;
    setup.route(&[&server]);
    let over = watch::Sender::new(false);
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (setup, over) = (Arc::clone(&setup), over.subscribe());
            tokio::spawn(async move {
                let (mut sent, mut failed) = (0, 0);
                while !*over.borrow() {
                    sent += 1;
                    failed += usize::from(setup.status().await != StatusCode::OK);
                }
                (sent, failed)
            })
        })
        .collect();
    for _ in 0..60 {
        let next = Server::new("next").await;
        let old = std::mem::replace(&mut server, next);
        while old.requests() < 20 {
            tokio::task::yield_now().await;
        }
        if drains {
            setup.route(&[&server]);
            setup.balancer.drained(&setup.group, &target(old.address)).await;
            old.kill().await;
        } else {
            old.kill().await;
            setup.route(&[&server]);
        }
    }
    over.send_replace(true);
    let mut totals = (0, 0);
    for client in clients {
        let (sent, failed) = client.await.expect("no panic");
        totals = (totals.0 + sent, totals.1 + failed);
    }
    totals
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rollout_under_load_loses_nothing_when_targets_are_drained_before_they_end() {
    let (sent, failed) = roll(true).await;
    assert!(sent > 1_000, "{sent} requests are no load");
    assert_eq!(failed, 0, "of {sent}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rollout_that_ends_targets_before_they_are_drained_loses_requests_and_it_shows() {
    let (sent, failed) = roll(false).await;
    assert!(failed > 0, "of {sent}");
}

#[tokio::test]
async fn connections_that_switch_protocols_are_joined_and_keep_their_target_busy() {
    let setup = Setup::new(Patience::default()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let target = target(listener.local_addr().expect("bound"));
    setup.balancer.route(&setup.group, std::slice::from_ref(&target));
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("it can accept");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert!(stream.read_buf(&mut head).await.expect("a request") > 0);
        }
        let head = String::from_utf8(head).expect("text").to_lowercase();
        assert!(head.contains("upgrade: echo\r\n") && head.contains("connection: upgrade\r\n"), "{head}");
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        stream.write_all(answer).await.expect("answered");
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.expect("echoed");
    });
    let mut client = TcpStream::connect(setup.url.trim_start_matches("http://")).await.expect("it listens");
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n";
    client.write_all(request).await.expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert!(client.read_buf(&mut head).await.expect("an answer") > 0);
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
    client.write_all(b"not http").await.expect("sent");
    let mut echo = [0; 8];
    client.read_exact(&mut echo).await.expect("echoed");
    assert_eq!(&echo, b"not http");

    setup.balancer.route(&setup.group, &[]);
    let drained = setup.balancer.drained(&setup.group, &target);
    tokio::pin!(drained);
    assert!(futures_util::poll!(drained.as_mut()).is_pending(), "the connection is open");
    drop(client);
    timeout(Duration::from_secs(10), drained).await.expect("it is closed now");
    serving.await.expect("no panic");
}

#[tokio::test]
async fn a_port_that_was_asked_for_is_used_or_said_to_be_taken() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound").port();
    let balancer = LoadBalancer::default();
    balancer.reserve(80, free).await.expect("it was free a moment ago");
    let error = balancer.reserve(443, free).await.expect_err("it is taken");
    assert_eq!(error.to_string(), format!("port {free} on 127.0.0.1 is already taken"));
    let address = balancer.listen(arn("a"), Vec::new(), 80).await.expect("it is open already");
    assert_eq!(address.port(), free);
    let other = balancer.listen(arn("b"), Vec::new(), 80).await.expect("a free port");
    assert_ne!(other.port(), free);
}

#[tokio::test]
async fn a_listener_that_is_closed_is_reached_no_more() {
    let balancer = LoadBalancer::default();
    let address = balancer.listen(arn("a"), Vec::new(), 80).await.expect("a free port");
    let open = TcpStream::connect(address).await.expect("it listens");
    balancer.close(&arn("a")).await;
    TcpListener::bind(address).await.expect("the port is free again");
    open.readable().await.expect("its connections end with it");
}
