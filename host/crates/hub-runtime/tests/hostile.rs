//! What only the runtime's own surroundings show of some of `tests/guests`. How each of them is contained is told by the
//! gate `hostile-plugins`.

mod guests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use guests::named;
use hub_model::Timestamp;
use hub_model::event::Payload;
use hub_runtime::{
    ActingHost, BoxFuture, CallError, Delivery, Effect, HttpError, HttpRequest, HttpResponse, LogLevel,
    LogSink, Patience, Plugin, PluginName, Runtime, RuntimeOptions, Settings,
};

fn check_sound(sound: &Plugin, body: &str) -> Result<(), String> {
    let report = sound.normalise(delivery(body), &Settings::default(), Patience::Whole);
    let report = report.map_err(|error| error.to_string())?.map_err(|failure| failure.to_string())?;
    match report.events.as_slice() {
        [event] if event.key == body && matches!(event.payload, Payload::Other(_)) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

fn told<R>(result: Result<Result<R, hub_runtime::Failure>, CallError>) -> String {
    match result {
        Ok(Ok(_)) => "answer".to_owned(),
        Ok(Err(hub_runtime::Failure::Rejected(_))) => "failure rejected".to_owned(),
        Ok(Err(failure)) => format!("failure {failure}"),
        Err(error) => error.to_string(),
    }
}

fn delivery(body: &str) -> Delivery {
    Delivery {
        topic: None,
        headers: Vec::new(),
        body: body.into(),
        received_at_ns: 1_750_000_000_123_456_789,
    }
}

fn effect() -> Effect {
    Effect {
        id: "e1".into(),
        action: "act".into(),
        arguments: Vec::new(),
        attempt: 1,
        uncertain: false,
        planned_at: Timestamp(0),
        now: Timestamp(1),
        last_inbound_at: None,
    }
}

/// The provider and the state behind an acting guest.
#[derive(Default)]
struct Provider {
    never_answers: bool,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: usize,
    kept: Vec<(String, String)>,
}

impl Provider {
    fn silent() -> Self {
        Self { never_answers: true, seen: Mutex::default() }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActingHost for Provider {
    fn http<'a>(&'a self, _: &'a str, _: HttpRequest) -> BoxFuture<'a, Result<HttpResponse, HttpError>> {
        self.seen().requests += 1;
        Box::pin(async {
            if self.never_answers {
                std::future::pending::<()>().await;
            }
            Ok(HttpResponse { status: 204, headers: Vec::new(), body: String::new() })
        })
    }

    fn pause(&self, _: &str, _: Duration) {}

    fn state_get(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn state_set(&self, key: &str, value: &str) {
        self.seen().kept.push((key.into(), value.into()));
    }
}

/// Time is paused: a wait that nothing ends passes at once.
fn performed(plugin: &Plugin, provider: &Arc<Provider>) -> String {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let provider: Arc<dyn ActingHost> = Arc::clone(provider) as _;
    told(tokio.expect("tokio starts").block_on(plugin.perform(effect(), provider, &Settings::default())))
}

fn installed(name: &str) -> Plugin {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("the engine starts");
    runtime.install(&named(name).component()).expect("the guest installs")
}

#[test]
fn waiting_ends() {
    for guest in ["hang", "sleep-in-perform"] {
        let told = performed(&installed(guest), &Arc::new(Provider::silent()));
        assert_eq!(told, "guest 1.0.0: perform took longer than 60000 ms", "{guest}");
    }
}

#[test]
fn requests_of_one_call_are_counted() {
    let provider = Arc::new(Provider::default());
    assert_eq!(performed(&installed("request-flood"), &provider), "answer");
    assert_eq!(provider.seen().requests, 20);
}

#[test]
fn state_is_kept_only_by_a_call_that_succeeds() {
    let provider = Arc::new(Provider::default());
    assert_eq!(performed(&installed("state-then-failure"), &provider), "failure rejected");
    assert_eq!(provider.seen().kept, []);
    assert_eq!(performed(&installed("state-then-success"), &provider), "answer");
    assert_eq!(provider.seen().kept, [("guest".to_owned(), "1.0.0".to_owned())]);
}

#[test]
fn a_pure_guest_sees_the_same_time_and_chance_again() {
    let plugin = installed("time-and-chance");
    let random = || {
        plugin
            .normalise(delivery("body"), &Settings::default(), Patience::Whole)
            .expect("it ends")
            .expect("it answers")
    };
    let first = random();
    assert_ne!(first.events[0].version, 0);
    assert_eq!(first, random());
}

/// The looping call starts first; the other one ends first, on the same thread.
#[test]
fn a_busy_connector_leaves_the_thread_to_others() {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("tokio starts");
    let ended = Arc::new(Mutex::new(Vec::new()));
    tokio.block_on(async {
        let calls = ["loop-in-perform", "request-flood"].map(|name| {
            let (plugin, ended) = (installed(name), Arc::clone(&ended));
            tokio::spawn(async move {
                let outcome =
                    plugin.perform(effect(), Arc::new(Provider::default()), &Settings::default()).await;
                ended.lock().expect("no test panics").push(format!("{name}: {}", told(outcome)));
            })
        });
        for call in calls {
            call.await.expect("no call panics");
        }
    });
    let ended = ended.lock().expect("no test panics");
    assert_eq!(
        *ended,
        ["request-flood: answer", "loop-in-perform: guest 1.0.0: perform used up its CPU budget of 1000 ms",]
    );
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn line(&self, plugin: &PluginName, level: LogLevel, message: &str, fields: &[(String, String)]) {
        self.0.lock().expect("no test panics").push(format!("{plugin} {level:?} {message} {fields:?}"));
    }
}

#[test]
fn a_log_flood_is_cut_escaped_and_counted() {
    let lines = Arc::new(Lines::default());
    let options = RuntimeOptions { log: Arc::clone(&lines) as Arc<dyn LogSink>, ..RuntimeOptions::default() };
    let runtime = Runtime::new(options).expect("the engine starts");
    let plugin = runtime.install(&named("log-flood").component()).expect("it installs");
    plugin
        .normalise(delivery("body"), &Settings::default(), Patience::Whole)
        .expect("it ends")
        .expect("it answers");
    let lines = lines.0.lock().expect("no test panics");
    assert_eq!(lines.len(), 65);
    assert!(lines.iter().all(|line| !line.contains(char::is_control)));
    assert_eq!(lines[0], r#"guest 1.0.0 Error \u{1b}[31mred\u{a}end [("\\u{1b}", "\\u{1b}")]"#);
    assert_eq!(
        lines[64],
        r#"guest 1.0.0 Warn log lines over the limit of a call were dropped [("dropped", "936")]"#
    );
}

#[test]
fn an_error_names_plugin_phase_and_limit() {
    let told = |name: &str| {
        let error = installed(name)
            .normalise(delivery("body"), &Settings::default(), Patience::Whole)
            .expect_err("it is hostile");
        error.to_string()
    };
    assert_eq!(told("loop"), "guest 1.0.0: normalise used up its CPU budget of 200 ms");
    assert_eq!(told("memory-growth"), "guest 1.0.0: normalise asked for more memory than its 67108864 bytes");
    assert_eq!(told("many-events"), "guest 1.0.0: normalise handed over more than 2000 events");
    assert_eq!(
        told("http-in-normalise"),
        "guest 1.0.0: normalise called omnihub:host/http.send, which this phase forbids; move the call to poll or \
         perform"
    );
}

#[test]
fn a_full_pool_makes_callers_wait() {
    let options = RuntimeOptions { instances_max: 2, ..RuntimeOptions::default() };
    let runtime = Runtime::new(options).expect("the engine starts");
    let sound = runtime.install(&named("sound").component()).expect("the sound guest installs");
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|worker| {
                let sound = sound.clone();
                scope.spawn(move || {
                    (0..50).try_for_each(|call| check_sound(&sound, &format!("{worker}-{call}")))
                })
            })
            .collect();
        for worker in workers {
            assert_eq!(worker.join().expect("no worker panics"), Ok(()));
        }
    });
}

#[test]
fn compiled_code_is_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let start = || {
        let options =
            RuntimeOptions { cache_dir: Some(dir.path().join("code")), ..RuntimeOptions::default() };
        let runtime = Runtime::new(options).expect("the engine starts");
        let sound = runtime.install(&named("sound").component()).expect("the sound guest installs");
        check_sound(&sound, "cached").expect("it works");
    };
    let written_at = || {
        let files = std::fs::read_dir(dir.path().join("code")).expect("the folder is there");
        let times =
            files.map(|file| file.and_then(|file| file.metadata()?.modified()).expect("it has a time"));
        times.collect::<Vec<_>>()
    };
    start();
    let first_written_at = written_at();
    assert_eq!(first_written_at.len(), 2, "code and its checksum");
    start();
    assert_eq!(written_at(), first_written_at, "the second start takes what is there");
}

#[test]
fn what_is_no_component_is_refused_in_words() {
    let runtime = Runtime::new(RuntimeOptions::default()).expect("the engine starts");
    let told = |bytes: &[u8]| match runtime.install(bytes) {
        Ok(_) => "installed".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(told(b""), "this is no WebAssembly component");
    assert_eq!(told(b"not wasm at all"), "this is no WebAssembly component");
    assert!(told(b"\0asm\x0d\0\x01\0garbage").starts_with("the component is not valid: "));
    let whole = named("sound").component();
    // What it exports stands in the second half; behind that come names, without which it is whole.
    for end in (8..whole.len() / 2).step_by(97) {
        assert_ne!(told(&whole[..end]), "installed", "cut at {end}");
    }
}
