set positional-arguments

greenroom := env("CARGO_TARGET_DIR", "target") / "debug/greenroom"

[private]
default:
    @just --list --unsorted

# Rehearse the news app's deploy from v1, options go to greenroom: just rehearse [version=v2] [database=postgres] [--option]...
[no-exit-message]
rehearse *args:
    #!/usr/bin/env bash
    set -euo pipefail
    version=v2
    database=postgres
    while [ $# -gt 0 ]; do
      case $1 in
        -*) break ;;
        version=*) version=${1#version=} ;;
        database=*) database=${1#database=} ;;
        postgres | mysql | mariadb) database=$1 ;;
        *) version=$1 ;;
      esac
      shift
    done
    fixtures/engine/ensure
    fixtures/images/ensure python "$database"
    just=({{ quote(just_executable()) }} --justfile {{ quote(justfile()) }})
    "${just[@]}" build
    app=target/rehearse/$version-$database
    fixtures/apps/news-api/checkout "$version" "$app"
    exec {{ greenroom }} --file "$app/greenroom.toml" rehearse --database "$database" "$@"

# Run every test; arguments go to `cargo test`
[no-exit-message]
test *args: engine
    #!/usr/bin/env bash
    set -euo pipefail
    # What the tests drive is fetched and built while they are compiled.
    {{ quote(just_executable()) }} --justfile {{ quote(justfile()) }} images clients actions &
    cargo test --workspace --no-run "$@"
    wait "$!"
    # All tests, or some of them?
    case "$*" in
      "" | --no-fail-fast) ;;
      *) exec cargo test --workspace "$@" ;;
    esac
    # Its rollouts mostly wait, for minutes, and so go on beside the other tests.
    waiting=rollouts_on_docker_end_as_virtual_time_predicts_and_take_as_long
    waited=$(mktemp)
    cargo test --workspace --test truth -- --exact "$waiting" >"$waited" 2>&1 &
    truth=$!
    trap 'kill "$truth" 2>/dev/null || true; rm -f "$waited"' EXIT
    status=0
    cargo test --workspace "$@" -- --skip "$waiting" || status=$?
    wait "$truth" || status=$?
    cat "$waited"
    exit "$status"

# Everything that CI runs: formatting, lints, tests
check: && test
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- --deny warnings
    cargo clippy --workspace --all-targets --features whole -- --deny warnings

# Try every property of the core on 5,000 cases each, optimised; arguments go to the test runner
[no-exit-message]
nightly *args:
    PROPTEST_CASES="${PROPTEST_CASES:-5000}" cargo test --release --package simulator-core --test main properties -- "$@"

# Run every test with all of its table, of which `test` plays a part, and those that it has no room for: some hours; arguments go to `cargo test`
[no-exit-message]
nightly-whole *args: engine
    fixtures/images/ensure rust trixie
    {{ quote(just_executable()) }} --justfile {{ quote(justfile()) }} test --features whole "$@"

# Time whole rehearsals beside a shell script that does the same work by hand with docker
bench *args: engine images build
    fixtures/bench/rehearsal {{ greenroom }} "$@"

# Time `rehearse data`, and a clone of 1 GiB beside dumping and restoring it: just bench-data [RUNS]; GIB=2 for more
bench-data *args: engine images
    cargo build --release --package greenroom
    fixtures/bench/data "${CARGO_TARGET_DIR:-target}/release/greenroom" "$@"

# Time pushing 1 GiB to the registry beside Debian's docker-registry: just bench-registry [RUNS]
bench-registry *args: clients
    cargo build --release --package greenroom
    fixtures/bench/registry "${CARGO_TARGET_DIR:-target}/release/greenroom" "$@"

# Time the core: rollouts in virtual time, events in a second, memory, exploring; arguments go to criterion, such as a filter
bench-core *args:
    cargo bench --package simulator-core --bench rollout -- "$@"
    cargo bench --package simulator --bench exploration -- "$@"

# Measure `greenroom serve` beside moto's server and MiniStack: just bench-endpoint [--seconds N] [--full]
bench-endpoint *args:
    cargo build --release --package greenroom
    fixtures/bench/endpoint "${CARGO_TARGET_DIR:-target}/release/greenroom" "$@"

# Measure `greenroom bootstrap` where every call takes 50 ms longer, beside a boto3 script that makes one after another
bench-bootstrap *args: clients
    cargo build --release --package greenroom
    fixtures/bench/bootstrap "${CARGO_TARGET_DIR:-target}/release/greenroom" "$@"

# Fuzz what reads strangers' bytes, SECONDS each: just fuzz [seconds=600] [target]...
[no-exit-message]
fuzz *args:
    simulator/fuzz/run "$@"

# Make sure of a Docker engine
engine:
    @fixtures/engine/ensure

# Make sure of the base images: pull them, or build stand-ins from Debian packages
images: engine
    @fixtures/images/ensure

# Make sure of the AWS clients that tests use
clients:
    @fixtures/clients/ensure >/dev/null
    @fixtures/clients/ensure opinions >/dev/null

# Make sure of GitHub's AWS actions, as far as they can be had
actions:
    @fixtures/actions/ensure >/dev/null

# Build greenroom; silent when there is nothing to do
[private]
build:
    #!/usr/bin/env bash
    set -euo pipefail
    if [ -x {{ greenroom }} ]; then
      exec cargo build --quiet --package greenroom
    fi
    echo "building greenroom: the first time takes some minutes" >&2
    exec cargo build --package greenroom

# Remove what builds and rehearsals left under target/, the tools apart
clean:
    cargo clean --workspace
    rm -rf target/rehearse target/bench
