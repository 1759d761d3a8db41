use std::fmt;
use std::os::raw::c_void;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::callback::{destroy, into_user_data, on_error, ErrorCallback, ErrorHandler, Panics};
use crate::error::{checked, descriptor, Error, Result, Status};
use crate::event::Event;
use crate::handlers::{called, Handler, HandlerErrorHandler, Route};
use crate::options::Options;
use crate::sys::{self, kn_event, kn_worker};
use crate::text::{milliseconds, take, to_c};

pub use crate::handlers::{BoxError, HandlerPanic, HandlerResult};

/// Why [`Worker::run`] or [`Worker::dispatch`] failed.
#[derive(Debug)]
pub enum RunError {
    /// The worker: a fatal failure, or a call that is not allowed.
    Worker(Error),
    /// A handler returned this.
    Handler(BoxError),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Worker(error) => error.fmt(f),
            RunError::Handler(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RunError::Worker(error) => Some(error),
            RunError::Handler(error) => Some(&**error),
        }
    }
}

impl From<Error> for RunError {
    fn from(error: Error) -> RunError {
        RunError::Worker(error)
    }
}

/// What [`Worker::next`] brought.
#[derive(Debug)]
pub enum Next {
    /// An event.
    Event(Event),
    /// There was none within the time.
    Again,
    /// The worker was closed, or the server ended the stream for good.
    Closed,
    /// [`WorkerHandle::interrupt`].
    Interrupted,
}

/// Why [`Worker::run`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The worker was closed, or the server ended the stream for good.
    Closed,
    /// [`WorkerHandle::interrupt`].
    Interrupted,
}

/// What [`Worker::dispatch`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatched {
    /// An event was handed over; there may be more.
    HandedOver,
    /// Nothing was ready.
    Again,
    /// The worker has ended.
    Ended(Ended),
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// Not used yet.
    Idle = 0,
    /// Until the answer's head is there.
    Connecting = 1,
    /// The stream is open.
    Connected = 2,
    /// Between two tries.
    Waiting = 3,
    /// Closing has not finished.
    Closing = 4,
    /// Closed, ended by the server, or failed for good.
    Closed = 5,
}

/// What the worker and its handles share; the last one frees it, on its thread.
struct Shared {
    worker: NonNull<kn_worker>,
    /// An interrupt of the user that no call has reported.
    wanted: AtomicBool,
}

// All that handles call is marked "any thread, any time"; the rest is the `Worker`'s.
unsafe impl Send for Shared {}
unsafe impl Sync for Shared {}

impl Drop for Shared {
    fn drop(&mut self) {
        unsafe { sys::kn_worker_free(self.worker.as_ptr()) }
    }
}

/// What every thread may do with a worker: interrupt it, close it, and look at it. Handles may
/// outlive their worker, which is closed then.
#[derive(Clone)]
pub struct WorkerHandle {
    shared: Arc<Shared>,
}

impl WorkerHandle {
    fn as_ptr(&self) -> *mut kn_worker {
        self.shared.worker.as_ptr()
    }

    /// Makes the call that is in the worker, or else the next one, return `Interrupted`; no event
    /// is lost. Several before that are one. A signal handler may call it.
    pub fn interrupt(&self) -> Result<()> {
        self.shared.wanted.store(true, Ordering::Release);
        match unsafe { sys::kn_worker_interrupt(self.as_ptr()) } {
            0 => Ok(()),
            failure => Err(Error::of_status(Status(failure))),
        }
    }

    /// Closes the worker: whoever waits in it is told `Closed`. True: it is closed, and its
    /// connection gone; false: not yet, call it again. 0 does not wait; `None` waits as long as the
    /// request timeout. A handler that is running goes on: join your own thread.
    pub fn close(&self, timeout: impl Into<Option<Duration>>) -> Result<bool> {
        let timeout = milliseconds(timeout.into());
        let status = checked(|e| unsafe { sys::kn_worker_close(self.as_ptr(), timeout, e) })?;
        Ok(status != Status::AGAIN)
    }

    /// What the worker is doing.
    pub fn state(&self) -> WorkerState {
        match unsafe { sys::kn_worker_state(self.as_ptr()) } {
            0 => WorkerState::Idle,
            1 => WorkerState::Connecting,
            2 => WorkerState::Connected,
            3 => WorkerState::Waiting,
            4 => WorkerState::Closing,
            _ => WorkerState::Closed,
        }
    }

    /// How many events were handed over.
    pub fn events(&self) -> i64 {
        unsafe { sys::kn_worker_events(self.as_ptr()) }
    }

    /// How many bytes of the stream were received.
    pub fn bytes(&self) -> i64 {
        unsafe { sys::kn_worker_bytes(self.as_ptr()) }
    }

    /// How many times the stream was opened again after the first time.
    pub fn reconnects(&self) -> i64 {
        unsafe { sys::kn_worker_reconnects(self.as_ptr()) }
    }

    /// How long the oldest of what was received and not handed over has been waiting.
    pub fn lag(&self) -> Duration {
        let ms = unsafe { sys::kn_worker_lag_ms(self.as_ptr()) };
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }

    /// The failure that ended a connection, or the try for one, last.
    pub fn last_error(&self) -> Option<Error> {
        unsafe {
            let details = sys::kn_worker_last_error(self.as_ptr());
            if details.is_null() {
                return None;
            }
            let error = Error::copied(details);
            sys::kn_error_free(details);
            Some(error)
        }
    }

    /// All figures in one JSON text.
    pub fn stats(&self) -> Result<String> {
        let mut json = ptr::null_mut();
        checked(|e| unsafe { sys::kn_worker_stats(self.as_ptr(), &mut json, e) })?;
        Ok(unsafe { take(json) })
    }
}

/// Receives the events that browsers send. It connects on first use, and keeps itself connected. It
/// has no thread of its own: everything happens in `next`, `run` and `dispatch`.
pub struct Worker {
    handle: WorkerHandle,
    routes: Vec<Route>,
    /// Here to be owned; it is called from C.
    error_handler: Option<Arc<ErrorHandler>>,
    handler_error_handler: Option<HandlerErrorHandler>,
    panics: Arc<Panics>,
}

/// Not called: the worker takes events out with `kn_worker_next()`. It is there for the filter,
/// which the library makes of the patterns that have a handler.
unsafe extern "C" fn never_called(_: *mut kn_event, _: *mut c_void) {}

impl Worker {
    /// Makes a worker; nothing is sent before its first use. The URL is as for [`crate::Client`].
    /// `Status::NO_MEMORY`: out of memory or descriptors.
    pub fn new(url: &str) -> Result<Worker> {
        Worker::construct(url, ptr::null())
    }

    /// The same, with options.
    pub fn with_options(url: &str, options: &Options) -> Result<Worker> {
        Worker::construct(url, options.as_ptr())
    }

    fn construct(url: &str, options: *const sys::kn_options) -> Result<Worker> {
        let url = to_c(url, "the URL")?;
        let mut worker = ptr::null_mut();
        checked(|e| unsafe { sys::kn_worker_new(url.as_ptr(), options, &mut worker, e) })?;
        let worker = NonNull::new(worker).ok_or_else(|| Error::of_status(Status::INTERNAL))?;
        let shared = Arc::new(Shared { worker, wanted: AtomicBool::new(false) });
        Ok(Worker {
            handle: WorkerHandle { shared },
            routes: Vec::new(),
            error_handler: None,
            handler_error_handler: None,
            panics: Arc::default(),
        })
    }

    fn as_ptr(&self) -> *mut kn_worker {
        self.handle.as_ptr()
    }

    /// For other threads, and for handlers.
    pub fn handle(&self) -> WorkerHandle {
        self.handle.clone()
    }

    /// Gives the events that match a pattern, `channel/event`, a handler. Either part may be `*`,
    /// which stands for anything but events that begin with a colon. All handlers that match run,
    /// the oldest pattern first; a second handler for a pattern replaces the first.
    ///
    /// What a handler returns as an error, or panics with, goes to [`Worker::on_handler_error`].
    /// Without one it comes out of, or unwinds through, [`Worker::run`]. The event is given back to
    /// the broker then, which matters where delivery is at least once. A clone of the event outlives
    /// the handler.
    ///
    /// The worker asks the broker for what its handlers cover, unless [`Options::filter`] says
    /// otherwise; so a new pattern has to come before the first use. `Status::INVALID`: not a
    /// pattern; `Status::STATE`: too late.
    pub fn on<R: HandlerResult>(
        &mut self,
        pattern: &str,
        mut handler: impl FnMut(&Event) -> R + Send + 'static,
    ) -> Result<()> {
        let text = to_c(pattern, "the pattern")?;
        checked(|e| unsafe {
            let worker = self.as_ptr();
            let none = ptr::null_mut();
            sys::kn_worker_on(worker, text.as_ptr(), Some(never_called), none, None, e)
        })?;
        let handler: Handler = Box::new(move |event| handler(event).into_result());
        match self.routes.iter_mut().find(|route| route.pattern == pattern) {
            Some(route) => route.handler = handler,
            None => self.routes.push(Route { pattern: pattern.to_owned(), handler }),
        }
        Ok(())
    }

    /// Takes the handler of a pattern away.
    pub fn off(&mut self, pattern: &str) -> Result<()> {
        let text = to_c(pattern, "the pattern")?;
        checked(|e| unsafe {
            let none = ptr::null_mut();
            sys::kn_worker_on(self.as_ptr(), text.as_ptr(), None, none, None, e)
        })?;
        self.routes.retain(|route| route.pattern != pattern);
        Ok(())
    }

    /// Hears of failures that the worker retries by itself, inside its own calls. A panic comes out
    /// of the call that ran it.
    pub fn on_error(&mut self, handler: impl FnMut(&Error) + Send + 'static) -> Result<()> {
        let handler: Arc<ErrorHandler> = Arc::new(Mutex::new(Box::new(handler)));
        // From the call on the library drops it, also when that fails.
        let user_data = into_user_data(ErrorCallback {
            handler: Arc::downgrade(&handler),
            panics: Arc::clone(&self.panics),
            worker: self.as_ptr(),
        });
        checked(|e| unsafe {
            let worker = self.as_ptr();
            let destroy = Some(destroy::<ErrorCallback> as unsafe extern "C" fn(*mut c_void));
            sys::kn_worker_on_error(worker, Some(on_error), user_data, destroy, e)
        })?;
        self.error_handler = Some(handler);
        Ok(())
    }

    /// Hears of the errors that handlers return, and of their panics, each as an error (a
    /// [`HandlerPanic`]), and of the event; the worker then goes on with the next one. Without it,
    /// what a page sends can end the worker. A panic of its own unwinds through the call.
    pub fn on_handler_error(&mut self, handler: impl FnMut(BoxError, &Event) + Send + 'static) {
        self.handler_error_handler = Some(Box::new(handler));
    }

    /// Hands over the next event; it does not look at handlers. 0 does not wait, `None` waits for
    /// ever. A fatal failure is told once, and then it is `Closed`: `Status::UNAUTHORIZED`,
    /// `FORBIDDEN`, `NO_VHOST`, `BAD_REQUEST` and `SERVER`.
    ///
    /// # Panics
    /// With what the error handler panicked with.
    pub fn next(&mut self, timeout: impl Into<Option<Duration>>) -> Result<Next> {
        let timeout = milliseconds(timeout.into());
        loop {
            let mut event = ptr::null_mut();
            let status =
                checked(|e| unsafe { sys::kn_worker_next(self.as_ptr(), timeout, &mut event, e) });
            if let Some(event) = NonNull::new(event) {
                // What the error handler panicked with has interrupted the next call, too.
                return Ok(Next::Event(unsafe { Event::owned(event) }));
            }
            self.panics.resume();
            match status? {
                Status::CLOSED => return Ok(Next::Closed),
                Status::INTERRUPTED => {
                    if self.handle.shared.wanted.swap(false, Ordering::AcqRel) {
                        return Ok(Next::Interrupted);
                    }
                    // Left over from a panic that is out already.
                }
                _ => return Ok(Next::Again),
            }
        }
    }

    /// The events one by one, until the worker is closed or interrupted, or after a failure.
    pub fn events(&mut self) -> Events<'_> {
        Events { worker: Some(self) }
    }

    /// Hands events to their handlers until the worker is closed or interrupted, or a handler
    /// fails and [`Worker::on_handler_error`] is not set. `Status::STATE`: there are no handlers;
    /// otherwise as [`Worker::next`].
    pub fn run(&mut self) -> std::result::Result<Ended, RunError> {
        if self.routes.is_empty() {
            // The library refuses, or says what goes before that.
            checked(|e| unsafe { sys::kn_worker_run(self.as_ptr(), e) })?;
            return Ok(Ended::Closed);
        }
        loop {
            match self.next(None)? {
                Next::Event(event) => self.hand_over(event)?,
                Next::Closed => return Ok(Ended::Closed),
                Next::Interrupted => return Ok(Ended::Interrupted),
                Next::Again => {}
            }
        }
    }

    /// Hands what is ready to its handlers, without waiting, for a loop that watches
    /// [`Worker::fd`]. Otherwise as [`Worker::run`].
    pub fn dispatch(&mut self) -> std::result::Result<Dispatched, RunError> {
        if self.routes.is_empty() {
            checked(|e| unsafe { sys::kn_worker_dispatch(self.as_ptr(), e) })?;
            return Ok(Dispatched::Ended(Ended::Closed));
        }
        Ok(match self.next(Duration::ZERO)? {
            Next::Event(event) => {
                self.hand_over(event)?;
                Dispatched::HandedOver
            }
            Next::Again => Dispatched::Again,
            Next::Closed => Dispatched::Ended(Ended::Closed),
            Next::Interrupted => Dispatched::Ended(Ended::Interrupted),
        })
    }

    /// Answers an event as its handlers want, also when one panics.
    fn hand_over(&mut self, event: Event) -> std::result::Result<(), RunError> {
        let mut answer = Answer { event: &event, is_done: false };
        event.handling().is_under_way.store(true, Ordering::Release);
        let (channel, name) = (event.channel(), event.name());
        let mut is_covered = false;
        for route in self.routes.iter_mut().filter(|route| route.covers(channel, name)) {
            is_covered = true;
            if let Some(hear) = &mut self.handler_error_handler {
                if let Err(error) = called(&mut route.handler, &event) {
                    hear(error, &event);
                    return Ok(());
                }
            } else {
                (route.handler)(&event).map_err(RunError::Handler)?;
            }
            if self.handle.state() as i32 >= WorkerState::Closing as i32 {
                break; // a handler closed the worker: the rest of them are not called
            }
        }
        if !is_covered {
            // For another worker to have; at most once, that does nothing.
            let _ = event.decline(Duration::from_secs(1));
        }
        answer.is_done = true;
        Ok(())
    }

    /// A descriptor, the same for the worker's whole life, that is readable when `dispatch`, or
    /// `next` with 0, would do or tell something. It is the library's: poll it for reading, and
    /// take it out of the loop before the worker is dropped.
    pub fn fd(&self) -> Option<i32> {
        descriptor(unsafe { sys::kn_worker_fd(self.as_ptr()) })
    }
}

impl Drop for Worker {
    /// Handles may keep the memory, but not the connection. Never waits.
    fn drop(&mut self) {
        let _ = self.handle.close(Duration::ZERO);
    }
}

/// Sees to an event's answer on every way out of its handlers.
struct Answer<'a> {
    event: &'a Event,
    is_done: bool,
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        let handling = self.event.handling();
        handling.is_under_way.store(false, Ordering::Release);
        if !self.is_done {
            // At most once there is nothing to give back.
            let _ = self.event.nack(self.event.retry_delay());
        } else if !handling.is_deferred.load(Ordering::Acquire) {
            let _ = self.event.ack(); // unless it has its answer
        }
    }
}

/// See [`Worker::events`].
pub struct Events<'a> {
    worker: Option<&'a mut Worker>,
}

impl Iterator for Events<'_> {
    type Item = Result<Event>;

    fn next(&mut self) -> Option<Result<Event>> {
        match self.worker.as_mut()?.next(None) {
            Ok(Next::Event(event)) => Some(Ok(event)),
            Ok(_) => {
                self.worker = None;
                None
            }
            Err(error) => {
                self.worker = None;
                Some(Err(error))
            }
        }
    }
}

/// What the crate promises, as the compiler sees it.
#[allow(dead_code)]
fn promises() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<Worker>();
    is_send::<WorkerHandle>();
    is_sync::<WorkerHandle>();
    is_send::<Event>();
    is_sync::<Event>();
    is_send::<crate::Client>();
    is_sync::<crate::Client>();
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("state", &self.handle.state()).finish()
    }
}
