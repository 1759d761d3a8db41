use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::json::Object;
use crate::stage::{
    eventually, fire_when_connected, next_event, panic_of, quick, refused, stage, url, worker,
    Gone, CHANNEL, DEADLINE,
};
use kosmonaut::{
    Dispatched, Ended, Error, Event, EventKind, LogLevel, Next, Options, RunError, Status, Worker,
    WorkerState,
};

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
