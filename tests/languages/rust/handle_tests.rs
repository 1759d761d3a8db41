//! What becomes of handles in other processes, and what is left of them.

use std::os::raw::c_int;
use std::sync::mpsc::{channel, Sender};
use std::{fs, thread};

use crate::stage::{client, fire_when_connected, next_event, url, worker, CHANNEL};
use kosmonaut::{Client, Error, Event, Status, Worker};

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
