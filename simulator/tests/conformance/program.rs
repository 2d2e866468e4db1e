//! A behaviour as a program for a real container.

use std::time::Duration;

use simulator_core::ecs::definition::ContainerDefinition;
use simulator_core::virtual_time::Behaviour;

/// While this file is there the health command passes.
const HEALTHY: &str = "/tmp/healthy";

/// From when this file is there on, nothing is answered.
const HANGS: &str = "/tmp/hangs";

/// What every program begins with: it listens to SIGTERM from its first moment, and its clock begins.
const BEGIN: &str = r#"
import http.server, os, signal, sys, threading, time

STATUS = 200

def after(seconds, work):
    timer = threading.Timer(seconds, work)
    timer.daemon = True
    timer.start()

def put(path): open(path, 'w').close()
def take(path): os.path.exists(path) and os.unlink(path)
def use(mebibytes): globals().update(used=b'x' * (mebibytes << 20))

def serve():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if os.path.exists(HANGS): time.sleep(3600)
            time.sleep(ANSWERS_IN)
            self.send_response(STATUS)
            self.send_header('Content-Length', '0')
            self.end_headers()
        def log_message(self, *_): pass
    server = http.server.ThreadingHTTPServer(('', 8000), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
"#;

/// `definition` with a command and a health command that do what `behaviour` says. How long a container takes to start is the engine's
/// affair.
pub(crate) fn of(behaviour: &Behaviour, mut definition: ContainerDefinition) -> ContainerDefinition {
    if behaviour.cannot_start.is_some() {
        definition.command = vec!["/no/such/program".to_owned()];
        return definition;
    }
    definition.command = ["python3", "-u", "-c", &program(behaviour)].map(str::to_owned).to_vec();
    if let Some(check) = &mut definition.health_check {
        let wait = seconds(behaviour.answers_in);
        let probe = format!("test ! -e {HANGS} || sleep 3600; sleep {wait}; test -e {HEALTHY}");
        check.command = vec!["CMD-SHELL".to_owned(), probe];
    }
    definition
}

fn program(behaviour: &Behaviour) -> String {
    let Behaviour {
        image: _,
        starts_in: _,
        cannot_start: _,
        exits,
        out_of_memory,
        peak_memory,
        healthy,
        serves,
        sick,
        hangs,
        unready,
        stops_in,
        stop_code,
        answers_in,
    } = behaviour;
    let mut lines = vec![
        BEGIN.to_owned(),
        format!("HANGS = '{HANGS}'"),
        format!("ANSWERS_IN = {}", seconds(*answers_in)),
        match stops_in {
            Some(takes) => format!(
                "def stop(*_):\n    time.sleep({})\n    os._exit({stop_code})\nsignal.signal(signal.SIGTERM, stop)",
                seconds(*takes)
            ),
            None => "signal.signal(signal.SIGTERM, signal.SIG_IGN)".to_owned(),
        },
    ];
    let mut at = |after: Duration, work: String| lines.push(format!("after({}, lambda: {work})", seconds(after)));
    if let Some((after, code)) = exits {
        at(*after, format!("os._exit({code})"));
    }
    if let Some(out) = out_of_memory {
        assert!(!out.under_load, "no program here counts its requests");
        at(out.after, "use(1 << 20)".to_owned());
    }
    if let Some(peak) = peak_memory {
        at(behaviour.up(), format!("use({peak})"));
    }
    if let Some(from) = healthy {
        at(*from, format!("put('{HEALTHY}')"));
    }
    if let Some(from) = serves {
        at(*from, "globals().update(server=serve())".to_owned());
    }
    if let Some(from) = sick {
        at(*from, format!("(take('{HEALTHY}'), 'server' in globals() and server.server_close())"));
    }
    if let Some((from, lasts)) = unready {
        at(*from, "globals().update(STATUS=503)".to_owned());
        at(*from + *lasts, "globals().update(STATUS=200)".to_owned());
    }
    if let Some(from) = hangs {
        at(*from, format!("put('{HANGS}')"));
    }
    lines.push("while True: signal.pause()".to_owned());
    lines.join("\n")
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}
