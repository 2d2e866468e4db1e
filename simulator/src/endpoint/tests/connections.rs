//! Clients that are slow, wordy or wrong, over real sockets.

use tokio::time::{Instant, timeout};

use super::*;

/// Far less than a client gets otherwise.
const SHORT: Duration = Duration::from_millis(250);
/// Whatever is to happen has happened by then.
const LONG: Duration = Duration::from_secs(20);

async fn impatient() -> (Endpoint, AccessKey) {
    let (account, key) = account();
    let bound = Bound::to(ANY_PORT).await.expect("a port is free");
    let patience = Patience { head: SHORT, piece: SHORT, body: 4 * SHORT };
    (bound.serve_only(Served::new(account, services()), Router::new(), patience), key)
}

/// Sends `request` and reads until the endpoint hangs up.
async fn said(endpoint: &Endpoint, request: &[u8]) -> String {
    let mut connection = TcpStream::connect(endpoint.address()).await.expect("the endpoint listens");
    connection.write_all(request).await.expect("the connection is open");
    to_end(&mut connection).await
}

async fn to_end(connection: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset after the answer has said all it had to.
    let _ = timeout(LONG, connection.read_to_end(&mut answer)).await.expect("the endpoint hangs up");
    String::from_utf8(answer).expect("answers are text")
}

/// Each case: what is sent, how the answer begins, and what it contains.
#[tokio::test]
async fn every_request_gets_an_answer_of_its_own_kind() {
    let (endpoint, _) = impatient().await;
    let wordy = format!("POST / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(80 * 1024));
    let many = format!("POST / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-One: 1\r\n".repeat(200));
    let far = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70 * 1024));
    let missing = "MissingAuthenticationToken";
    for (case, request, begin, expected) in [
        ("no HTTP", "EHLO mail\r\n\r\n", "HTTP/1.1 400", ""),
        ("a head that is too large", wordy.as_str(), "HTTP/1.1 431", ""),
        ("too many headers", &many, "HTTP/1.1 431", ""),
        ("an address that is too long", &far, "HTTP/1.1 4", ""),
        ("a header over two lines", "POST / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n", "HTTP/1.1 400", ""),
        (
            "two lengths",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "HTTP/1.1 400",
            "",
        ),
        ("a length that is none", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400", ""),
        (
            "more than is read",
            "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Ecs.Echo\r\nContent-Length: 9000000\r\n\r\n",
            "HTTP/1.1 413",
            "{\"__type\":\"RequestEntityTooLargeException\"",
        ),
        ("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 403", missing),
        (
            "another's address",
            "GET http://169.254.169.254/latest/meta-data/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "HTTP/1.1 403",
            missing,
        ),
        (
            "a tunnel",
            "CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n",
            "HTTP/1.1 403",
            missing,
        ),
        (
            "a task's credentials",
            "GET /v2/credentials/0 HTTP/1.1\r\nHost: 169.254.170.2\r\n\r\n",
            "HTTP/1.1 403",
            missing,
        ),
        ("a task's metadata", "GET /v4/0/task HTTP/1.1\r\nHost: 169.254.170.2\r\n\r\n", "HTTP/1.1 403", missing),
        ("a way out", "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 403", missing),
        (
            "a browser's question",
            "OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\n\r\n",
            "HTTP/1.1 403",
            missing,
        ),
        (
            "who somebody says he is",
            "POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: ecs.amazonaws.com\r\nForwarded: for=127.0.0.1\r\n\r\n",
            "HTTP/1.1 403",
            missing,
        ),
    ] {
        let answer = said(&endpoint, request.as_bytes()).await;

        assert!(answer.starts_with(begin) && answer.contains(expected), "{case}: {answer}");
        assert!(!answer.to_ascii_lowercase().contains("access-control-allow"), "{case}: {answer}");
    }
}

/// The answer to HEAD has the head of what GET would be answered with, and nothing after it.
#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let (endpoint, _) = impatient().await;
    let answer = said(&endpoint, b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("content-length: "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn requests_in_one_go_are_answered_in_order() {
    let (endpoint, _) = impatient().await;
    let json = "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Ecs.Echo\r\nContent-Length: 2\r\n\r\n{}";
    let query = "POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\nContent-Length: 0\r\n\r\n";
    let answer = said(&endpoint, format!("{json}{query}{json}").as_bytes()).await;
    let kinds: Vec<bool> = answer.split("HTTP/1.1 ").skip(1).map(|answer| answer.contains("__type")).collect();
    assert_eq!(kinds, [true, false, true], "{answer}");
}

/// A byte now and then keeps nothing open: neither the head's nor the body's.
#[tokio::test]
async fn a_client_that_drips_is_let_go() {
    let (endpoint, key) = impatient().await;
    let head = "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Ecs.Echo\r\nContent-Length: 1000\r\n\r\n";
    for (case, at_once, expected) in
        [("its head", "POST / HTTP/1.1\r\n", ""), ("its body", head, "RequestTimeoutException")]
    {
        let mut connection = TcpStream::connect(endpoint.address()).await.expect("the endpoint listens");
        connection.write_all(at_once.as_bytes()).await.expect("the connection is open");
        let (mut reading, mut writing) = connection.split();
        let drip = async {
            let mut beat = tokio::time::interval(SHORT / 5);
            loop {
                beat.tick().await;
                if writing.write_all(b"X").await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let began = Instant::now();
        let mut answer = Vec::new();
        tokio::select! {
            _ = reading.read_to_end(&mut answer) => {}
            () = drip => {}
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(began.elapsed() < LONG && answer.contains(expected), "{case}: {answer}");
    }
    client(&endpoint, &key).json("ecs", "Ecs", "Echo", json!({ "Text": "x" })).await.expect("others are served");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let (endpoint, _) = impatient().await;
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: Ecs.Echo\r\nContent-Length: 1000\r\n\r\n{";
    let answer = said(&endpoint, head).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"RequestTimeoutException\""), "{answer}");
    let chunk = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"Te";
    let answer = said(&endpoint, chunk).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// What waits for room gets it once somebody leaves, as everybody who says nothing has to.
#[tokio::test]
async fn connections_that_say_nothing_do_not_keep_others_out() {
    let (endpoint, key) = impatient().await;
    let mut idle = Vec::new();
    for _ in 0..600 {
        idle.push(TcpStream::connect(endpoint.address()).await.expect("the endpoint listens"));
    }
    let call = client(&endpoint, &key);
    let answered = call.json("ecs", "Ecs", "Echo", json!({ "Text": "x" }));
    timeout(LONG, answered).await.expect("there is room in time").expect("root may do all");
    drop(idle);
}

/// Streamed signatures are S3's; what is signed so is turned away as what it is: a body with another hash than its signature says.
#[tokio::test]
async fn a_body_signed_in_pieces_is_not_believed() {
    let (endpoint, key) = impatient().await;
    for payload in ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "UNSIGNED-PAYLOAD"] {
        let mut request = unsigned(
            &[("x-amz-target", "Ecs.Echo"), ("x-amz-content-sha256", payload), ("content-encoding", "aws-chunked")],
            &format!("{}/", endpoint.url()),
            "2;chunk-signature=0\r\n{}\r\n0;chunk-signature=0\r\n\r\n",
        );
        let AccessKey { id, secret } = key.clone();
        let signer = Signer { access_key_id: id, secret, token: None, region: REGION.to_owned() };
        sign(&mut request, &signer, "ecs", account::now()).expect("the test's request can be signed");
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client can be set up");
        let answer = http.execute(request.try_into().expect("the address is one")).await.expect("the endpoint answers");
        let text = answer.text().await.expect("the answer is text");
        assert!(text.contains("InvalidSignatureException"), "{payload}: {text}");
    }
}
