//! Stand-ins, called for real.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;

use super::*;

fn call(details: Option<&str>, timeout: Duration) -> HookCall {
    let revision = |number: u32| format!("arn:aws:ecs:r:1:service-revision/c/s/{number}");
    HookCall {
        execution: "e-1".to_owned(),
        function: "arn:f".to_owned(),
        stage: "PRODUCTION_TRAFFIC_SHIFT",
        resource: "arn:aws:ecs:r:1:service-deployment/c/s/2".to_owned(),
        service: "arn:aws:ecs:r:1:service/c/s".parse().expect("an ARN"),
        target: revision(2),
        test: Vec::new(),
        production: vec![(revision(2), Percent::of_tenths(25)), (revision(1), Percent::of_tenths(975))],
        details: details.map(str::to_owned),
        timeout,
    }
}

fn hooks(stand_in: StandIn) -> Hooks {
    Hooks::new(BTreeMap::from([("arn:f".to_owned(), stand_in)]))
}

fn shell(script: &str) -> StandIn {
    StandIn::Command(["sh", "-c", script].map(str::to_owned).to_vec())
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_command_answers_as_a_function_would() {
    let in_progress = |call_back: Option<u64>, details: Option<&str>| HookAnswer::InProgress {
        call_back: call_back.map(Duration::from_secs),
        details: details.map(str::to_owned),
    };
    let broken = |why: &str| HookAnswer::Broken(why.to_owned());
    for (script, answer) in [
        (r#"echo '{"hookStatus":"SUCCEEDED"}'"#, HookAnswer::Succeeded),
        (r#"echo '{"hookStatus":"FAILED"}'"#, HookAnswer::Failed),
        (r#"echo '{"hookStatus":"IN_PROGRESS"}'"#, in_progress(None, None)),
        (
            r#"echo '{"hookStatus":"IN_PROGRESS","callBackDelay":5,"hookDetails":{"n":1}}'"#,
            in_progress(Some(5), Some(r#"{"n":1}"#)),
        ),
        ("echo '{}'", broken("the answer has no hookStatus")),
        (r#"echo '{"hookStatus":"DONE"}'"#, broken("the answer's hookStatus is `DONE`")),
        ("echo fine", broken("the answer is not JSON")),
        ("echo one >&2; echo two >&2; exit 3", broken("`sh` ended with exit status: 3: two")),
    ] {
        assert_eq!(hooks(shell(script)).call(&call(None, MINUTE)).await, answer, "{script}");
    }
    let hangs = hooks(shell("exec tail -f /dev/null")).call(&call(None, Duration::from_secs(1))).await;
    assert_eq!(hangs, broken("there was no answer within 1 s"));
    let absent = hooks(StandIn::Command(vec!["/does/not/exist".to_owned()])).call(&call(None, MINUTE)).await;
    assert!(matches!(&absent, HookAnswer::Broken(why) if why.starts_with("`/does/not/exist` could not be started")));
    let nobody = Hooks::default().call(&call(None, MINUTE)).await;
    assert_eq!(nobody, broken("no stand-in is given for the function `arn:f`"));
}

/// What a stand-in needs to find its way: its directory, and where the load balancer is.
#[tokio::test]
async fn a_command_runs_beside_its_project_and_knows_the_load_balancer() {
    let directory = tempfile::tempdir().expect("there is room");
    let script = "#!/bin/sh\ncat \"$0\" > /dev/null && [ -f marker ] && echo \"asked at $GREENROOM_URL\" >&2\necho '{\"hookStatus\":\"FAILED\"}'\n";
    std::fs::write(directory.path().join("check"), script).expect("it is writable");
    std::fs::write(directory.path().join("marker"), "").expect("it is writable");
    let stand_in = StandIn::Command(["sh", "./check"].map(str::to_owned).to_vec());
    let arn = "arn:aws:lambda:r:1:function:check:live";
    let hooks = Hooks::new(BTreeMap::from([("check:live".to_owned(), stand_in)])).beside(directory.path());
    hooks.reachable_at("http://127.0.0.1:8080");
    let call = HookCall { function: arn.to_owned(), ..call(None, MINUTE) };
    assert_eq!(hooks.clone().call(&call).await, HookAnswer::Failed);
    let calls = hooks.calls();
    let [called] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(
        (called.function.as_str(), called.stage, called.word()),
        ("check:live", "PRODUCTION_TRAFFIC_SHIFT", "FAILED")
    );
    assert_eq!(called.said.as_deref(), Some("asked at http://127.0.0.1:8080"));
    assert!(called.fails());
}

/// The event has the documented fields; the command gives it back as the next call's details.
#[tokio::test]
async fn the_event_is_the_documented_one() {
    let script = r#"printf '{"hookStatus":"IN_PROGRESS","hookDetails":'; cat; printf '}'"#;
    let answer = hooks(shell(script)).call(&call(Some(r#"{"bucket":"b"}"#), MINUTE)).await;
    let HookAnswer::InProgress { details: Some(event), .. } = answer else { panic!("{answer:?}") };
    let event: Value = event.parse().expect("JSON");
    let expected = json!({
        "executionId": "e-1",
        "lifecycleStage": "PRODUCTION_TRAFFIC_SHIFT",
        "resourceArn": "arn:aws:ecs:r:1:service-deployment/c/s/2",
        "executionDetails": {
            "serviceArn": "arn:aws:ecs:r:1:service/c/s",
            "targetServiceRevisionArn": "arn:aws:ecs:r:1:service-revision/c/s/2",
            "testTrafficWeights": {},
            "productionTrafficWeights": {
                "arn:aws:ecs:r:1:service-revision/c/s/2": 2.5,
                "arn:aws:ecs:r:1:service-revision/c/s/1": 97.5,
            },
        },
        "hookDetails": { "bucket": "b" },
    });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn an_endpoint_answers_as_a_function_would() {
    let judge = async |body: String| {
        let event: Value = body.parse().expect("JSON");
        let status = if event["lifecycleStage"] == "PRODUCTION_TRAFFIC_SHIFT" { "SUCCEEDED" } else { "FAILED" };
        json!({ "hookStatus": status }).to_string()
    };
    let fails = async || StatusCode::INTERNAL_SERVER_ERROR;
    let router = Router::new().route("/judge", post(judge)).route("/fails", post(fails));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let ask = async |path: &str| {
        let hooks = hooks(StandIn::Post(format!("http://{address}{path}")));
        hooks.call(&call(None, MINUTE)).await
    };
    assert_eq!(ask("/judge").await, HookAnswer::Succeeded);
    let why = format!("`http://{address}/fails` answered with status 500");
    assert_eq!(ask("/fails").await, HookAnswer::Broken(why));
    server.abort();
}
