//! The crate beside a real broker; see stage.py for what the environment holds. One test at a time:
//! `--test-threads=1`, since they share the vhost.

mod json;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::raw::c_int;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{channel, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use json::Object;
use kosmonaut::{
    Batch, Client, Dispatched, Ended, Error, Event, EventKind, Flushed, LogLevel, Next, Options,
    RunError, Status, Worker, WorkerState,
};

const DEADLINE: Duration = Duration::from_secs(20);
const CHANNEL: &str = "greetings";

fn url() -> String {
    env::var("KOSMONAUT_TEST_URL").expect("KOSMONAUT_TEST_URL")
}

fn stage(words: &str) -> Object {
    let address = env::var("KOSMONAUT_TEST_STAGE").expect("KOSMONAUT_TEST_STAGE");
    let mut stream = TcpStream::connect(address).expect("the stage");
    stream.set_read_timeout(Some(2 * DEADLINE)).unwrap();
    writeln!(stream, "{words}").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    let reply = Object::parse(&line).expect("an object");
    assert!(reply.raw("error").is_none(), "{words}: {line}");
    reply
}

/// Fires events as soon as there is a worker to receive them.
fn fire_when_connected(words: &'static str) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        stage("workers 1");
        stage(&format!("fire {words}"));
    })
}

/// A worker that is gone from the broker at the test's end.
struct Gone;

impl Drop for Gone {
    fn drop(&mut self) {
        if !thread::panicking() {
            stage("workers 0");
        }
    }
}

fn quick() -> Options {
    let mut options = Options::new().unwrap();
    options.reconnect_delay(Duration::from_millis(20), Duration::from_millis(100)).unwrap();
    options
}

fn worker() -> (Gone, Worker) {
    (Gone, Worker::with_options(&url(), &quick()).unwrap())
}

fn client() -> Client {
    Client::new(&url()).unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>, status: Status) -> Error {
    let error = result.expect_err("it succeeded");
    assert_eq!(error.status(), status, "{error}");
    error
}

fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "timed out waiting for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn next_event(worker: &mut Worker) -> Event {
    match worker.next(DEADLINE).unwrap() {
        Next::Event(event) => event,
        other => panic!("{other:?} instead of an event"),
    }
}

fn silent(listener: &TcpListener) -> Client {
    // Accepts, and never answers.
    Client::new(&format!("http://wr:0000@{}/moon", listener.local_addr().unwrap())).unwrap()
}

/// What a call panics with, without the message on the terminal.
fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let caught = catch_unwind(AssertUnwindSafe(call));
    std::panic::set_hook(hook);
    let payload = caught.err().expect("it did not panic");
    payload.downcast_ref::<&str>().map_or_else(String::new, |text| text.to_string())
}

#[test]
fn the_tests_own_json() {
    let text = "a \" \\ \u{1} ä \u{1f600}";
    let object =
        format!(r#"{{ "t" : {}, "o":{{"x":[1,"}}"]}} ,"e":"\ud83d\ude00" }}"#, json::quoted(text));
    let object = Object::parse(&object).unwrap();
    assert_eq!(object.text("t").as_deref(), Some(text));
    assert_eq!(object.raw("o"), Some(r#"{"x":[1,"}"]}"#));
    assert_eq!(object.text("e").as_deref(), Some("\u{1f600}"));
}

// ---- Errors ----

#[test]
fn an_error_has_everything() {
    let error = refused(client().trigger("nowhere", "hello", None), Status::NO_CHANNEL);
    assert_eq!(error.http_status(), Some(404));
    assert!(error.server_code().is_some());
    assert_eq!(error.retry_after(), None);
    assert!(!error.is_retriable());
    assert!(!error.message().is_empty());
    assert!(error.to_string().starts_with("KN_ENOCHANNEL: "));
    assert!(Status::TIMEOUT.is_retriable());
    assert_eq!(Status(-12345).name(), "KN_UNKNOWN");
    assert!(!Status::CLOSED.message().is_empty());
}

#[test]
fn bad_arguments() {
    let client = client();
    refused(client.open_channel("no spaces"), Status::INVALID);
    let error = refused(client.open_channel("cut\0short"), Status::INVALID);
    assert_eq!(error.message(), "the channel has a NUL in it");
    refused(client.trigger(CHANNEL, "e", "[]"), Status::JSON);
    refused(client.trigger(CHANNEL, "e", ""), Status::JSON);
    refused(Client::new("gopher://moon").map(drop), Status::INVALID);
    let mut options = Options::new().unwrap();
    refused(options.max_event_size(0).map(drop), Status::INVALID);
    let error = refused(options.header("Host", "taken").map(drop), Status::INVALID);
    assert!(error.message().contains("the option header 'Host'"), "{error}");
    let error = refused(client.trigger("nowhere", "e", None), Status::NO_CHANNEL);
    assert!(error.message().contains("the channel 'nowhere' of /"), "{error}");
    let mut batch = Batch::new().unwrap();
    let error = refused(batch.add("news", "hello", "no json").map(drop), Status::JSON);
    assert!(error.message().contains("trigger 1"), "{error}");
}

#[test]
fn every_option_is_taken() {
    let mut options = Options::new().unwrap();
    let set = |o: &mut Options| -> Result<(), Error> {
        o.connect_timeout(Duration::from_secs(1))?
            .request_timeout(None)?
            .idle_timeout(Duration::from_secs(60))?
            .reconnect_delay(Duration::from_nanos(1), Duration::from_secs(1))?
            .filter("chat/.*")?
            .max_event_size(1000)?
            .max_response_size(1000)?
            .max_connections(2)?
            .max_pending(5)?
            .worker_name("name")?
            .ca_file("/ca.pem")?
            .client_certificate("/c.pem", None)?
            .client_certificate("/c.pem", Some("/k.pem"))?
            .verify(false)?
            .proxy("")?
            .header("X-Api-Key", "k")?
            .user_agent("test/1")?
            .unix_socket("/nowhere.sock")?;
        Ok(())
    };
    set(&mut options).unwrap();
    let client = Client::with_options(&url(), &options).unwrap();
    // It was the last of them that counted.
    refused(client.open_channel(CHANNEL), Status::CONNECT);
}

#[test]
fn versions() {
    let numbers: Vec<i32> = kosmonaut::version().split('.').map(|n| n.parse().unwrap()).collect();
    assert_eq!(numbers.len(), 3);
    assert_eq!(kosmonaut::version_number(), numbers[0] << 16 | numbers[1] << 8 | numbers[2]);
}

// ---- The client ----

#[test]
fn requests() {
    let client = client();
    client.open_channel("extra").unwrap();
    client.trigger("extra", "hello", r#"{"n":1}"#).unwrap();
    client.trigger("extra", "hello", None).unwrap();
    client.close_channel("extra").unwrap();
    refused(client.close_channel("extra"), Status::NO_CHANNEL);
    assert!(!client.request_token("alice", "private-.*").unwrap().is_empty());
    refused(client.request_token("alice", "("), Status::BAD_REQUEST);
    assert_eq!(client.requests(), 7);
    assert_eq!(client.requests_with_status(Status::NO_CHANNEL), 1);
    assert_eq!(client.requests_with_status(Status::OK), 5);
    assert!(client.connections() >= 1);
    let stats = Object::parse(&client.stats().unwrap()).unwrap();
    assert_eq!(stats.number("requests"), Some(7));
}

#[test]
fn batches() {
    let client = client();
    let mut batch = Batch::new().unwrap();
    refused(batch.add(CHANNEL, "batched", "1").map(drop), Status::JSON);
    batch.add(CHANNEL, "batched", r#"{"n":1}"#).unwrap().add("nowhere", "batched", None).unwrap();
    assert_eq!(batch.len(), 2);
    let outcome = client.trigger_batch(&batch).unwrap();
    refused(outcome.result, Status::NO_CHANNEL);
    assert_eq!(outcome.items.len(), 2);
    assert_eq!(outcome.items[0], Ok(()));
    refused(outcome.items[1].clone(), Status::NO_CHANNEL);
    assert_eq!(stage("hear batched").number("n"), Some(1));
    batch.clear();
    assert!(batch.is_empty());
    refused(client.trigger_batch(&batch), Status::INVALID);
}

#[test]
fn subscribers() {
    let client = client();
    let crowd = stage("crowd 5");
    let all = crowd.text("sids").unwrap();
    let sids: Vec<&str> = all.split(' ').collect();
    for page_size in [0, 1, 2, 5] {
        let found: Result<Vec<_>, _> = client.subscribers("presence-crowd", page_size).collect();
        let found = found.unwrap();
        assert_eq!(found.iter().map(|s| &s.sid).collect::<Vec<_>>(), sids);
        for who in &found {
            let n = Object::parse(&who.data).unwrap().number("n").unwrap();
            assert_eq!(who.uid, Some(format!("member{n}")));
            assert_eq!(who.is_hidden, Some(&who.sid) == crowd.text("hidden").as_ref());
        }
    }
    let first = client.subscribers_page("presence-crowd", None, 3).unwrap();
    assert_eq!((first.subscribers.len(), first.next.as_deref()), (3, Some(sids[2])));
    let last = client.subscribers_page("presence-crowd", first.next.as_deref(), 3).unwrap();
    assert_eq!((last.subscribers.len(), last.next), (2, None));
    assert_eq!(last.subscribers[0].sid, sids[3]);
    stage("crowd 0");
    assert!(client.subscribers("presence-crowd", 0).next().is_none());

    let mut nowhere = client.subscribers("nowhere", 0);
    refused(nowhere.next().unwrap(), Status::NO_CHANNEL);
    assert!(nowhere.next().is_none());
    refused(client.subscribers_page(CHANNEL, "cut\0short", 0), Status::INVALID);
    refused(client.subscribers_page(CHANNEL, "", 0), Status::INVALID);
    refused(client.subscribers_page(CHANNEL, None, u32::MAX), Status::INVALID);
    refused(client.subscribers_page(CHANNEL, None, 1001), Status::BAD_REQUEST);
}

#[test]
fn subscribers_that_are_asked_for_without_waiting() {
    let client = client();
    let all = stage("crowd 2").text("sids").unwrap();
    let (first, second) = all.split_once(' ').unwrap();
    let (done, results) = channel();
    let also_done = done.clone();
    client.subscribers_async("presence-crowd", first, 7, move |o| done.send(o).unwrap()).unwrap();
    client.subscribers_async("nowhere", None, 0, move |o| also_done.send(o).unwrap()).unwrap();
    assert_eq!(client.flush(DEADLINE).unwrap(), Flushed::Done);
    for _ in 0..2 {
        let outcome = results.recv().unwrap();
        match outcome.page {
            None => drop(refused(outcome.result, Status::NO_CHANNEL)),
            Some(page) => {
                outcome.result.unwrap();
                assert_eq!(page.subscribers.len(), 1);
                assert_eq!(page.subscribers[0].sid, second);
            }
        }
    }
}

#[test]
fn many_threads_share_a_client() {
    let mut options = Options::new().unwrap();
    options.max_connections(4).unwrap();
    let client = Client::with_options(&url(), &options).unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| (0..10).for_each(|_| client.trigger(CHANNEL, "shared", None).unwrap()));
        }
    });
    assert_eq!(client.requests(), 160);
}

// ---- Calls that are handed in ----

#[test]
fn calls_that_are_handed_in() {
    let mut options = Options::new().unwrap();
    options.max_connections(1).unwrap().max_pending(5).unwrap();
    let client = Client::with_options(&url(), &options).unwrap();
    let (done, results) = channel();
    let tell = |name: &'static str| {
        let done = done.clone();
        move |outcome| done.send((name, outcome)).unwrap()
    };
    let mut batch = Batch::new().unwrap();
    batch.add("aside", "hello", None).unwrap().add("nowhere", "hello", None).unwrap();
    client.open_channel_async("aside", tell("open")).unwrap();
    client.trigger_async("aside", "hello", r#"{"n":1}"#, tell("trigger")).unwrap();
    client.trigger_batch_async(&batch, tell("batch")).unwrap();
    drop(batch);
    client.request_token_async("alice", ".*", tell("token")).unwrap();
    client.close_channel_async("aside", tell("close")).unwrap();
    refused(client.open_channel_async("aside", tell("full")), Status::FULL);
    refused(client.open_channel_async("no spaces", tell("bad")), Status::INVALID);
    assert_eq!(client.pending(), 5);
    assert_eq!(client.flush(DEADLINE).unwrap(), Flushed::Done);
    assert_eq!(client.pending(), 0);
    drop(done);
    let results: Vec<_> = results.into_iter().collect();
    let names: Vec<_> = results.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["open", "trigger", "batch", "token", "close"]);
    for (name, outcome) in results {
        match name {
            "batch" => {
                refused(outcome.result, Status::NO_CHANNEL);
                assert_eq!(outcome.items.len(), 2);
            }
            _ => outcome.result.unwrap(),
        }
        assert_eq!(outcome.token.is_some(), name == "token");
    }
}

#[test]
fn dispatch_with_a_descriptor() {
    let client = client();
    assert!(client.fd().is_some());
    let (done, results) = channel();
    client.trigger_async(CHANNEL, "hello", None, move |o| done.send(o).unwrap()).unwrap();
    eventually("the result", || client.dispatch().unwrap() == Flushed::Done);
    results.recv().unwrap().result.unwrap();
    client.interrupt().unwrap();
    assert_eq!(client.dispatch().unwrap(), Flushed::Interrupted);
    assert_eq!(client.dispatch().unwrap(), Flushed::Again);
}

#[test]
fn a_panic_of_a_completion_comes_out_of_flush() {
    let client = client();
    client.trigger_async(CHANNEL, "hello", None, |_| panic!("mine")).unwrap();
    assert_eq!(panic_of(|| client.flush(DEADLINE)), "mine");
    assert_eq!(client.flush(DEADLINE).unwrap(), Flushed::Done);
}

#[test]
fn closures_are_dropped_with_the_client() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = silent(&listener);
    let counted = Arc::new(());
    for _ in 0..10 {
        let counted = Arc::clone(&counted);
        client.open_channel_async(CHANNEL, move |_| drop(counted)).unwrap();
    }
    assert_eq!(client.flush(Duration::from_millis(20)).unwrap(), Flushed::Again);
    assert_eq!(Arc::strong_count(&counted), 11);
    drop(client);
    assert_eq!(Arc::strong_count(&counted), 1);
}

// ---- The worker ----

#[test]
fn an_event_has_everything() {
    let (_gone, mut worker) = worker();
    worker.on("greetings/full", |_| {}).unwrap();
    let firing = fire_when_connected("full 5 1");
    let event = next_event(&mut worker);
    firing.join().unwrap();
    assert_eq!((event.topic(), event.channel(), event.name()), ("greetings/full", CHANNEL, "full"));
    assert_eq!(event.uid(), Some("alice"));
    assert!(event.sid().is_some());
    assert_eq!((event.kind(), event.attempt()), (EventKind::Message, 1));
    assert_eq!(Object::parse(event.data()).unwrap().number("n"), Some(5));
    refused(event.nack(Duration::ZERO), Status::STATE); // delivery is at most once
    refused(event.defer(), Status::STATE); // this is no handler
    event.ack().unwrap();
    let handle = worker.handle();
    assert_eq!((handle.events(), handle.lag()), (1, Duration::ZERO));
    assert!(handle.bytes() > 0 && handle.last_error().is_none());
    assert_eq!(handle.state(), WorkerState::Connected);
    assert_eq!(Object::parse(&handle.stats().unwrap()).unwrap().number("events"), Some(1));
    let elsewhere = event.clone();
    drop((event, worker));
    let topic = thread::spawn(move || elsewhere.topic().to_owned() + elsewhere.id());
    assert!(topic.join().unwrap().starts_with("greetings/full"));
}

#[test]
fn handlers_run_in_order() {
    let (_gone, mut worker) = worker();
    let ran = Arc::new(Mutex::new(Vec::new()));
    let note = |name: &'static str| {
        let ran = Arc::clone(&ran);
        move |_: &Event| ran.lock().unwrap().push(name)
    };
    let (keep, kept) = channel();
    worker.on("greetings/one", note("replaced")).unwrap();
    let any = note("any channel");
    worker
        .on("*/one", move |event| {
            any(event);
            event.defer()?;
            keep.send(event.clone()).unwrap();
            Ok::<(), Error>(())
        })
        .unwrap();
    worker.on("greetings/one", note("literal")).unwrap();
    worker.on("other/*", note("never")).unwrap();
    worker.on("greetings/off", note("off")).unwrap();
    worker.off("greetings/off").unwrap();
    worker.on("greetings/*", note("any event")).unwrap();
    let handle = worker.handle();
    worker.on("greetings/last", move |_| handle.interrupt()).unwrap();
    let firing = thread::spawn(|| {
        stage("workers 1");
        stage("fire one 1 1");
        stage("fire last 2 1");
    });
    assert_eq!(worker.run().unwrap(), Ended::Interrupted);
    firing.join().unwrap();
    assert_eq!(*ran.lock().unwrap(), ["literal", "any channel", "any event", "any event"]);
    let event = kept.recv().unwrap();
    assert_eq!(event.name(), "one");
    event.ack().unwrap();
    refused(event.defer(), Status::STATE);
}

#[test]
fn only_covered_events_are_asked_for() {
    let (_gone, mut worker) = worker();
    worker.on("greetings/wanted", |_| {}).unwrap();
    refused(worker.on("no-slash", |_| {}), Status::INVALID);
    assert!(matches!(worker.next(Duration::ZERO).unwrap(), Next::Again));
    refused(worker.on("new/pattern", |_| {}), Status::STATE);
    let firing = thread::spawn(|| {
        stage("workers 1");
        stage("fire unwanted 1 1");
        stage("fire wanted 1 1");
    });
    assert_eq!(next_event(&mut worker).name(), "wanted");
    firing.join().unwrap();
}

#[test]
fn an_error_of_a_handler_comes_out_of_run() {
    let (_gone, mut worker) = worker();
    let handle = worker.handle();
    worker
        .on("greetings/*", move |event| match event.name() {
            "bad" => Err("mine".to_owned()),
            _ => handle.interrupt().map_err(|e| e.to_string()),
        })
        .unwrap();
    let firing = thread::spawn(|| {
        stage("workers 1");
        stage("fire bad 1 1");
        stage("fire good 1 1");
    });
    match worker.run() {
        Err(RunError::Handler(error)) => assert_eq!(error.to_string(), "mine"),
        other => panic!("{other:?}"),
    }
    assert_eq!(worker.run().unwrap(), Ended::Interrupted); // it is as usable as before
    firing.join().unwrap();
}

#[test]
fn what_a_handler_fails_with_goes_to_its_handler_and_the_worker_goes_on() {
    let (_gone, mut worker) = worker();
    let handle = worker.handle();
    let told = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&told);
    worker.on_handler_error(move |error, event| {
        list.lock().unwrap().push(format!("{} {error}", event.name()));
    });
    worker
        .on("greetings/*", move |event| match event.name() {
            "bad" => Err("mine".to_owned()),
            "worse" => panic!("panicked {}", 1),
            _ => handle.interrupt().map_err(|e| e.to_string()),
        })
        .unwrap();
    let firing = thread::spawn(|| {
        stage("workers 1");
        stage("fire bad 1 1");
        stage("fire worse 1 1");
        stage("fire good 1 1");
    });
    assert_eq!(worker.run().unwrap(), Ended::Interrupted);
    assert_eq!(*told.lock().unwrap(), ["bad mine", "worse a handler panicked: panicked 1"]);
    firing.join().unwrap();
}

#[test]
fn a_panic_of_a_handler_comes_out_of_run() {
    let (_gone, mut worker) = worker();
    let handle = worker.handle();
    worker
        .on("greetings/*", move |event| {
            assert!(event.name() != "bad", "mine");
            handle.interrupt()
        })
        .unwrap();
    let firing = thread::spawn(|| {
        stage("workers 1");
        stage("fire bad 1 1");
        stage("fire good 1 1");
    });
    assert_eq!(panic_of(|| worker.run()), "mine");
    assert_eq!(worker.run().unwrap(), Ended::Interrupted);
    firing.join().unwrap();
}

#[test]
fn a_panic_of_the_error_handler_comes_out_of_the_call() {
    let mut options = Options::new().unwrap();
    options.reconnect_delay(Duration::from_millis(1), Duration::from_millis(1)).unwrap();
    let mut worker = Worker::with_options("http://wr:0000@127.0.0.1:1/moon", &options).unwrap();
    worker.on_error(|_| panic!("mine")).unwrap();
    assert_eq!(panic_of(|| worker.next(DEADLINE)), "mine");
    let handle = worker.handle();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hearing = Arc::clone(&heard);
    worker
        .on_error(move |error| {
            hearing.lock().unwrap().push(error.status());
            if hearing.lock().unwrap().len() == 2 {
                handle.interrupt().unwrap();
            }
        })
        .unwrap();
    assert!(matches!(worker.next(DEADLINE).unwrap(), Next::Interrupted));
    assert_eq!(*heard.lock().unwrap(), [Status::CONNECT; 2]);
    refused(Err::<(), _>(worker.handle().last_error().unwrap()), Status::CONNECT);
}

#[test]
fn a_log_is_written_and_may_panic() {
    let lines = Arc::new(Mutex::new(String::new()));
    let writing = Arc::clone(&lines);
    let mut options = quick();
    options
        .log(LogLevel::Debug, move |_, line| {
            *writing.lock().unwrap() += line;
            std::panic::resume_unwind(Box::new("which must not matter"));
        })
        .unwrap();
    let mut worker = Worker::with_options(&url(), &options).unwrap();
    let _gone = Gone;
    drop(options);
    eventually("a connection", || {
        assert!(matches!(worker.next(Duration::ZERO).unwrap(), Next::Again));
        worker.handle().state() == WorkerState::Connected
    });
    assert!(lines.lock().unwrap().contains("connected to"));
    drop(worker);
    assert_eq!(Arc::strong_count(&lines), 1);
}

#[test]
fn an_interrupt_wakes_the_wait_and_loses_nothing() {
    let (_gone, mut worker) = worker();
    let handle = worker.handle();
    handle.interrupt().unwrap();
    handle.interrupt().unwrap();
    assert!(matches!(worker.next(None).unwrap(), Next::Interrupted));
    assert!(matches!(worker.next(Duration::ZERO).unwrap(), Next::Again));
    let firing = fire_when_connected("counted 0 200");
    let stop = Arc::new(AtomicI32::new(0));
    let (stopping, interrupting) = (Arc::clone(&stop), worker.handle());
    let interrupter = thread::spawn(move || {
        while stopping.load(Ordering::Relaxed) == 0 {
            interrupting.interrupt().unwrap();
            thread::yield_now();
        }
    });
    let mut n = 0;
    let end = Instant::now() + DEADLINE;
    while n < 200 {
        assert!(Instant::now() < end);
        if let Next::Event(event) = worker.next(DEADLINE).unwrap() {
            assert_eq!(Object::parse(event.data()).unwrap().number("n"), Some(n));
            n += 1;
        }
    }
    stop.store(1, Ordering::Relaxed);
    interrupter.join().unwrap();
    firing.join().unwrap();
}

#[test]
fn events_are_an_iterator_that_ends_with_the_worker() {
    let (_gone, mut worker) = worker();
    let handle = worker.handle();
    let thread = thread::spawn(move || worker.events().map(|event| event.unwrap()).count());
    stage("workers 1");
    stage("fire any 1 3");
    eventually("three events", || handle.events() == 3);
    assert!(handle.close(DEADLINE).unwrap());
    assert_eq!(thread.join().unwrap(), 3);
    assert_eq!(handle.state(), WorkerState::Closed);
}

#[test]
fn a_handle_outlives_its_worker() {
    let (_gone, mut worker) = worker();
    let handle = worker.handle();
    worker.on("*/*", |_| {}).unwrap();
    let thread = thread::spawn(move || worker.run().unwrap());
    stage("workers 1");
    assert!(handle.close(DEADLINE).unwrap());
    assert_eq!(thread.join().unwrap(), Ended::Closed);
    // The worker was dropped on its thread.
    stage("workers 0");
    handle.interrupt().unwrap();
    assert_eq!(handle.state(), WorkerState::Closed);
    assert!(handle.close(None).unwrap());
}

#[test]
fn a_handler_may_close_its_worker() {
    let (_gone, mut worker) = worker();
    let handle = worker.handle();
    worker.on("greetings/bye", move |_| handle.close(Duration::ZERO).map(drop)).unwrap();
    worker.on("*/bye", |_| -> () { panic!("the second handler ran") }).unwrap();
    let firing = fire_when_connected("bye 1 1");
    assert_eq!(worker.run().unwrap(), Ended::Closed);
    assert_eq!(worker.dispatch().unwrap(), Dispatched::Ended(Ended::Closed));
    firing.join().unwrap();
}

#[test]
fn run_wants_handlers() {
    let (_gone, mut worker) = worker();
    for result in [worker.run().map(drop), worker.dispatch().map(drop)] {
        match result {
            Err(RunError::Worker(error)) => assert_eq!(error.status(), Status::STATE),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn dispatch_hands_over_what_is_ready() {
    let (_gone, mut worker) = worker();
    let seen = Arc::new(AtomicI32::new(0));
    let seeing = Arc::clone(&seen);
    worker.on("*/ready", move |_| drop(seeing.fetch_add(1, Ordering::Relaxed))).unwrap();
    assert!(worker.fd().is_some());
    let firing = fire_when_connected("ready 1 3");
    eventually("three events", || {
        let done = worker.dispatch().unwrap();
        assert!(matches!(done, Dispatched::HandedOver | Dispatched::Again));
        seen.load(Ordering::Relaxed) == 3
    });
    firing.join().unwrap();
}

#[test]
fn a_fatal_failure_is_told_once() {
    let url = url();
    let mut worker = Worker::new(&(url[..url.rfind('/').unwrap()].to_owned() + "/no")).unwrap();
    refused(worker.next(DEADLINE), Status::NO_VHOST);
    assert!(matches!(worker.next(DEADLINE).unwrap(), Next::Closed));
}

#[test]
fn a_worker_comes_back_to_its_broker() {
    let (_gone, mut worker) = worker();
    let firing = thread::spawn(|| {
        stage("workers 1");
        stage("stop");
        stage("start");
        stage("workers 1");
        stage("fire again 1 1");
    });
    assert_eq!(next_event(&mut worker).name(), "again");
    assert!(worker.handle().reconnects() >= 1);
    assert!(worker.handle().last_error().is_some());
    firing.join().unwrap();
}

// ---- Processes ----

extern "C" {
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
}

/// Whether everything is as a forked child should find it; no assertion, which would allocate.
fn is_refused_in_child(client: Client, mut worker: Worker, event: Event) -> bool {
    let is_fork = |error: Option<Error>| error.map(|e| e.status()) == Some(Status::FORK);
    let refusals = is_fork(client.open_channel(CHANNEL).err())
        && is_fork(worker.next(None).err())
        && is_fork(worker.handle().interrupt().err())
        && is_fork(event.ack().err());
    let descriptors = client.fd().is_none() && worker.fd().is_none();
    let is_read = event.topic() == "greetings/forked";
    drop((client, worker, event));
    refusals && descriptors && is_read
}

#[test]
fn a_forked_child_is_refused() {
    let (_gone, mut worker) = worker();
    let client = client();
    let firing = fire_when_connected("forked 1 1");
    let event = next_event(&mut worker);
    firing.join().unwrap();
    let mut status = -1;
    unsafe {
        let child = fork();
        assert!(child >= 0);
        if child == 0 {
            _exit(i32::from(!is_refused_in_child(client, worker, event)));
        }
        assert_eq!(waitpid(child, &mut status, 0), child);
    }
    assert_eq!(status, 0);
    client.open_channel(CHANNEL).unwrap();
    let firing = fire_when_connected("after 1 1");
    assert_eq!(next_event(&mut worker).name(), "after");
    firing.join().unwrap();
}

// ---- Many ----

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn resident_kib() -> i64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<i64>().unwrap() * 4
}

struct Counted(Sender<()>);

impl Drop for Counted {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[test]
fn ten_thousand_handles_leave_nothing() {
    let before = descriptors();
    let (dropped, drops) = channel();
    let mut memory = 0;
    const COUNT: usize = 5000;
    for i in 0..COUNT {
        let client = client();
        let pending = Counted(dropped.clone());
        client.trigger_async(CHANNEL, "never sent", None, move |_| drop(pending)).unwrap();
        let mut worker = Worker::new(&url()).unwrap();
        let handle = worker.handle();
        let other = worker.handle();
        let (on_event, on_error) = (Counted(dropped.clone()), Counted(dropped.clone()));
        worker
            .on("*/*", move |_| {
                let _ = &on_event;
                handle.interrupt()
            })
            .unwrap();
        worker
            .on_error(move |_| {
                let _ = (&on_error, other.state());
            })
            .unwrap();
        if i % 2 == 0 {
            thread::spawn(move || drop((client, worker))).join().unwrap();
        }
        if i == COUNT / 5 {
            memory = resident_kib();
        }
    }
    assert_eq!(descriptors(), before);
    assert_eq!(drops.try_iter().count(), 3 * COUNT);
    let grown = resident_kib() - memory;
    assert!(grown < 16 * 1024, "{grown} KiB more");
}
