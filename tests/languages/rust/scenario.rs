//! Driven by lines of JSON: see scripts/check-languages.

mod json;

use std::io::{self, BufRead, Write};
use std::process::exit;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use json::{quoted, Object};
use kosmonaut::{BoxError, Client, Ended, Event, Options, Worker, WorkerHandle};

struct Backend {
    client: Arc<Client>,
    worker: WorkerHandle,
    thread: Option<JoinHandle<()>>,
}

/// The members of an answer, without its braces.
type Reply = Result<String, kosmonaut::Error>;

fn answer(client: &Client, event: &Event) -> Result<(), BoxError> {
    let question = Object::parse(event.data()).ok_or("not an object")?;
    let n = question.number("n").ok_or("no n")?;
    let to = event.uid().map_or("null".to_owned(), quoted);
    let data = format!(r#"{{"to":{to},"n":{n}}}"#);
    Ok(client.trigger(event.channel(), "answer", data.as_str())?)
}

/// Without a look at the rest of the data, which may be anything.
fn name(client: &Client, event: &Event) -> Result<(), BoxError> {
    let text = |given: Option<&str>| given.map_or("null".to_owned(), quoted);
    let data = format!(r#"{{"uid":{},"sid":{}}}"#, text(event.uid()), text(event.sid()));
    Ok(client.trigger(event.channel(), "sender", data.as_str())?)
}

impl Backend {
    fn start(url: &str) -> Result<Backend, BoxError> {
        let client = Arc::new(Client::new(url)?);
        let mut options = Options::new()?;
        options.reconnect_delay(Duration::from_millis(100), Duration::from_millis(500))?;
        let mut worker = Worker::with_options(url, &options)?;
        let answering = Arc::clone(&client);
        worker.on("private-room/ask", move |event| answer(&answering, event))?;
        let naming = Arc::clone(&client);
        worker.on("private-room/who", move |event| name(&naming, event))?;
        let handle = worker.handle();
        let thread = thread::spawn(move || match worker.run() {
            Ok(Ended::Closed) => {}
            ended => {
                eprintln!("the worker ended: {ended:?}");
                exit(1);
            }
        });
        Ok(Backend { client, worker: handle, thread: Some(thread) })
    }

    fn obey(&mut self, command: &Object) -> Reply {
        let text = |name| command.text(name).unwrap_or_default();
        let nothing = |()| String::new();
        match text("do").as_str() {
            "open" => self.client.open_channel(&text("channel")).map(nothing),
            "close_channel" => self.client.close_channel(&text("channel")).map(nothing),
            "trigger" => self
                .client
                .trigger(&text("channel"), &text("event"), command.raw("data"))
                .map(nothing),
            "token" => self
                .client
                .request_token(&text("uid"), &text("channels"))
                .map(|token| format!(r#","token":{}"#, quoted(&token))),
            "open_as" => Client::new(&text("url"))
                .and_then(|client| client.open_channel(&text("channel")))
                .map(nothing),
            "state" => Ok(format!(
                r#","state":{},"events":{},"reconnects":{}"#,
                self.worker.state() as i32,
                self.worker.events(),
                self.worker.reconnects()
            )),
            "quit" => self.quit().map(nothing),
            other => {
                eprintln!("unknown command {other:?}");
                exit(1);
            }
        }
    }

    fn quit(&mut self) -> Result<(), kosmonaut::Error> {
        self.worker.close(Duration::from_secs(5))?;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the worker's thread panicked");
        }
        Ok(())
    }
}

fn say(line: &str) {
    println!("{line}");
    io::stdout().flush().expect("nobody listens");
}

fn line_of(reply: Reply) -> String {
    match reply {
        Ok(members) => format!(r#"{{"ok":true{members}}}"#),
        Err(error) => format!(
            r#"{{"error":"{}","http_status":{},"message":{}}}"#,
            error.status(),
            error.http_status().unwrap_or(0),
            quoted(error.message())
        ),
    }
}

fn main() {
    let url = std::env::args().nth(1).expect("usage: scenario VHOST_URL");
    let mut backend = Backend::start(&url).expect("a backend");
    say(r#"{"ready":true}"#);
    for line in io::stdin().lock().lines() {
        let command = Object::parse(&line.expect("a line")).expect("a JSON object");
        let reply = line_of(backend.obey(&command));
        if command.text("do").as_deref() == Some("quit") {
            drop(backend);
            say(&reply);
            return;
        }
        say(&reply);
    }
    eprintln!("the input ended without quit");
    exit(1);
}
