//! A whole backend: it opens a room, lets a visitor in, answers every question that is asked there,
//! and ends cleanly with Ctrl-C.
//!
//!     VHOST_URL=http://wr:TOKEN@localhost:8080/moon backend

use std::os::raw::c_int;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Arc;
use std::time::Duration;

use kosmonaut::{BoxError, Client, Event, LogLevel, Options, Worker, WorkerHandle};

const ROOM: &str = "private-room";

/// Set before the signal handler, and never freed: a signal may come at any time.
static INTERRUPTED: AtomicPtr<WorkerHandle> = AtomicPtr::new(ptr::null_mut());

extern "C" {
    fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
}

extern "C" fn on_signal(_: c_int) {
    // A signal handler may call this one function of the library.
    if let Some(handle) = unsafe { INTERRUPTED.load(Ordering::Acquire).as_ref() } {
        let _ = handle.interrupt();
    }
}

fn interrupt_at_signals(handle: WorkerHandle) {
    const SIGINT: c_int = 2;
    const SIGTERM: c_int = 15;
    INTERRUPTED.store(Box::into_raw(Box::new(handle)), Ordering::Release);
    unsafe {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
    }
}

/// A JSON text. (A program with crates has serde_json for it.)
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if c < ' ' => format!("\\u{:04x}", c as u32),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

fn answer(client: &Client, event: &Event) -> Result<(), BoxError> {
    let to = event.uid().map_or("null".to_owned(), quoted);
    let data = format!(r#"{{"to": {to}, "asked": {}}}"#, event.data());
    Ok(client.trigger(event.channel(), "answer", data.as_str())?)
}

fn run(url: &str) -> Result<(), BoxError> {
    let client = Arc::new(Client::new(url)?);
    client.open_channel(ROOM)?;
    println!("a token for alice's browser: {}", client.request_token("alice", ROOM)?);

    let mut options = Options::new()?;
    options.log(LogLevel::Warning, |_, line| eprintln!("{line}"))?;
    let mut worker = Worker::with_options(url, &options)?;
    worker.on(&format!("{ROOM}/ask"), move |event| answer(&client, event))?;
    // Whatever a browser sends must not end the backend; the next one may be answered.
    worker.on_handler_error(|error, event| eprintln!("{} not answered: {error}", event.topic()));

    let handle = worker.handle();
    interrupt_at_signals(worker.handle());
    worker.run()?; // until a signal
    handle.close(Duration::from_secs(5))?;
    Ok(())
}

fn main() {
    // Not an argument: everybody may read those.
    let url = match std::env::var("VHOST_URL") {
        Ok(url) => url,
        Err(_) => {
            eprintln!("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST");
            std::process::exit(2);
        }
    };
    if let Err(error) = run(&url) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
