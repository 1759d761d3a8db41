//! A real broker and what only a browser can do; see stage.py for what the environment holds.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::json::Object;
use kosmonaut::{Client, Error, Event, Next, Options, Status, Worker};

pub const DEADLINE: Duration = Duration::from_secs(20);
pub const CHANNEL: &str = "greetings";

pub fn url() -> String {
    env::var("KOSMONAUT_TEST_URL").expect("KOSMONAUT_TEST_URL")
}

pub fn stage(words: &str) -> Object {
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
pub fn fire_when_connected(words: &'static str) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        stage("workers 1");
        stage(&format!("fire {words}"));
    })
}

/// A worker that is gone from the broker at the test's end.
pub struct Gone;

impl Drop for Gone {
    fn drop(&mut self) {
        if !thread::panicking() {
            stage("workers 0");
        }
    }
}

pub fn quick() -> Options {
    let mut options = Options::new().unwrap();
    options.reconnect_delay(Duration::from_millis(20), Duration::from_millis(100)).unwrap();
    options
}

pub fn worker() -> (Gone, Worker) {
    (Gone, Worker::with_options(&url(), &quick()).unwrap())
}

pub fn client() -> Client {
    Client::new(&url()).unwrap()
}

pub fn refused<T: std::fmt::Debug>(result: Result<T, Error>, status: Status) -> Error {
    let error = result.expect_err("it succeeded");
    assert_eq!(error.status(), status, "{error}");
    error
}

pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "timed out waiting for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

pub fn next_event(worker: &mut Worker) -> Event {
    match worker.next(DEADLINE).unwrap() {
        Next::Event(event) => event,
        other => panic!("{other:?} instead of an event"),
    }
}

pub fn silent(listener: &TcpListener) -> Client {
    // Accepts, and never answers.
    Client::new(&format!("http://wr:0000@{}/moon", listener.local_addr().unwrap())).unwrap()
}

/// What a call panics with, without the message on the terminal.
pub fn panic_of<T>(call: impl FnOnce() -> T) -> String {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let caught = catch_unwind(AssertUnwindSafe(call));
    std::panic::set_hook(hook);
    let payload = caught.err().expect("it did not panic");
    payload.downcast_ref::<&str>().map_or_else(String::new, |text| text.to_string())
}
