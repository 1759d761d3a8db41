use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::json::Object;
use crate::stage::{client, eventually, panic_of, refused, silent, stage, url, CHANNEL, DEADLINE};
use kosmonaut::{Batch, Client, Error, Flushed, Options, Status};

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
            .retries(0)?
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
fn channels() {
    let client = client();
    let names = ["listed-a", "listed-b", "listed-c"];
    names.iter().for_each(|name| client.open_channel(name).unwrap());
    for page_size in [0, 1, 2, 3] {
        let found: Result<Vec<_>, _> = client.channels("listed-", page_size).collect();
        assert_eq!(found.unwrap().iter().map(|c| &c.name).collect::<Vec<_>>(), names);
    }
    let first = client.channels_page("listed-", None, 2).unwrap();
    assert_eq!((first.channels.len(), first.next.as_deref()), (2, Some("listed-b")));
    let b = &first.channels[1];
    assert_eq!((b.kind.as_str(), b.subscribers, b.members), ("normal", 0, None));
    stage("crowd 3"); // one of whom hides
    let (done, results) = channel();
    client.channels_async("presence-crowd", None, 0, move |o| done.send(o).unwrap()).unwrap();
    assert_eq!(client.flush(DEADLINE).unwrap(), Flushed::Done);
    let page = results.recv().unwrap().channels.unwrap();
    assert_eq!((page.channels[0].subscribers, page.channels[0].members), (3, Some(2)));
    stage("crowd 0");
    refused(client.channels_page("no/slash", None, 0), Status::INVALID);
    refused(client.channels_page("", None, 1001), Status::BAD_REQUEST);
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
