use std::ffi::CString;
use std::ptr::{self, NonNull};
use std::time::Duration;

use crate::callback::{destroy, into_user_data, on_log, Log};
use crate::error::{require_of, Error, Result, Status};
use crate::sys::{self, kn_options};
use crate::text::{milliseconds, to_c};

/// How much a log wants to hear; a level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Something is broken and stays so until a person acts.
    Error = 1,
    /// Something failed and is being dealt with.
    Warning = 2,
    /// Connected, reconnecting, closed.
    Info = 3,
    /// For someone who looks for a mistake.
    Debug = 4,
}

impl LogLevel {
    pub(crate) fn of(level: i32) -> LogLevel {
        match level {
            1 => LogLevel::Error,
            2 => LogLevel::Warning,
            3 => LogLevel::Info,
            _ => LogLevel::Debug,
        }
    }
}

/// Whether a worker loses events that it was sent, or gets some again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// An event is sent once, and may be lost.
    AtMostOnce = 0,
    /// An event is sent until it is acknowledged.
    AtLeastOnce = 1,
}

/// The key of which a group's workers deal with one event at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// None.
    None = 0,
    /// The session that sent it.
    Sid = 1,
    /// The user who sent it.
    Uid = 2,
    /// The channel.
    Channel = 3,
}

/// Everything about a client or a worker that has a default. Both copy what they are given, and
/// ignore what they have no use for. A setting that cannot be is `Status::INVALID`, at once.
///
/// Time limits are a `Duration`, or `None` for none.
pub struct Options {
    options: NonNull<kn_options>,
}

// Plain memory, which `&mut self` gives to one thread at a time.
unsafe impl Send for Options {}

impl Options {
    /// Everything has its default. `Status::NO_MEMORY`.
    pub fn new() -> Result<Options> {
        NonNull::new(unsafe { sys::kn_options_new() })
            .map(|options| Options { options })
            .ok_or_else(|| Error::of_status(Status::NO_MEMORY))
    }

    pub(crate) fn as_ptr(&self) -> *const kn_options {
        self.options.as_ptr()
    }

    fn set(
        &mut self,
        name: &str,
        set: impl FnOnce(*mut kn_options) -> i32,
    ) -> Result<&mut Options> {
        require_of(set(self.options.as_ptr()), || format!("the option {name}"))?;
        Ok(self)
    }

    /// Limits connecting: the name's resolution, TCP and TLS together. Default: 5 s.
    pub fn connect_timeout(&mut self, limit: impl Into<Option<Duration>>) -> Result<&mut Options> {
        let ms = milliseconds(limit.into());
        self.set("connect_timeout", |o| unsafe { sys::kn_options_set_connect_timeout_ms(o, ms) })
    }

    /// Limits a client's call in all, connecting included. Default: 10 s.
    pub fn request_timeout(&mut self, limit: impl Into<Option<Duration>>) -> Result<&mut Options> {
        let ms = milliseconds(limit.into());
        self.set("request_timeout", |o| unsafe { sys::kn_options_set_request_timeout_ms(o, ms) })
    }

    /// How long a worker's stream may be silent before it is made anew; the broker's heartbeats
    /// come every 15 s. Default: 45 s.
    pub fn idle_timeout(&mut self, limit: impl Into<Option<Duration>>) -> Result<&mut Options> {
        let ms = milliseconds(limit.into());
        self.set("idle_timeout", |o| unsafe { sys::kn_options_set_idle_timeout_ms(o, ms) })
    }

    /// Bounds how long a worker waits before it connects again; the wait doubles with each failure.
    /// Default: 1 s to 30 s.
    pub fn reconnect_delay(&mut self, min: Duration, max: Duration) -> Result<&mut Options> {
        let (min, max) = (milliseconds(Some(min)), milliseconds(Some(max)));
        self.set("reconnect_delay", |o| unsafe {
            sys::kn_options_set_reconnect_delay_ms(o, min, max)
        })
    }

    /// A regular expression (RE2's syntax) that has to match a topic as a whole for the worker to
    /// be sent its events; "" asks for every topic. Without it a worker asks for what its handlers
    /// cover.
    pub fn filter(&mut self, regex: &str) -> Result<&mut Options> {
        let regex = to_c(regex, "the filter")?;
        self.set("filter", |o| unsafe { sys::kn_options_set_filter(o, regex.as_ptr()) })
    }

    /// How many bytes an event may have that a worker accepts. Default: 16 MiB.
    pub fn max_event_size(&mut self, bytes: i64) -> Result<&mut Options> {
        self.set("max_event_size", |o| unsafe { sys::kn_options_set_max_event_size(o, bytes) })
    }

    /// How many bytes an answer may have that a client accepts. Default: 1 MiB.
    pub fn max_response_size(&mut self, bytes: i64) -> Result<&mut Options> {
        self.set("max_response_size", |o| unsafe {
            sys::kn_options_set_max_response_size(o, bytes)
        })
    }

    /// How many connections a client opens at most, 1 to 1024; a call that finds all of them in use
    /// waits for one. Default: 32.
    pub fn max_connections(&mut self, count: i32) -> Result<&mut Options> {
        self.set("max_connections", |o| unsafe { sys::kn_options_set_max_connections(o, count) })
    }

    /// How many calls may be handed in and not have ended. Default: 10 000.
    pub fn max_pending(&mut self, count: i32) -> Result<&mut Options> {
        self.set("max_pending", |o| unsafe { sys::kn_options_set_max_pending(o, count) })
    }

    /// How often a client's call is tried again; 0: never. It has one effect, however often it was
    /// tried. Default: 4.
    pub fn retries(&mut self, count: i32) -> Result<&mut Options> {
        self.set("retries", |o| unsafe { sys::kn_options_set_retries(o, count) })
    }

    /// Whether a worker loses events that it was sent, or gets some again. `AtLeastOnce` takes
    /// [`Options::group`]. Default: `AtMostOnce`.
    pub fn delivery(&mut self, delivery: Delivery) -> Result<&mut Options> {
        self.set("delivery", |o| unsafe { sys::kn_options_set_delivery(o, delivery as i32) })
    }

    /// The group whose events a worker shares, at least once.
    pub fn group(&mut self, name: &str) -> Result<&mut Options> {
        let name = to_c(name, "the group's name")?;
        self.set("group", |o| unsafe { sys::kn_options_set_group(o, name.as_ptr()) })
    }

    /// How many events a worker has unacknowledged at most, 1 to 10 000. Default: 256.
    pub fn window(&mut self, count: i32) -> Result<&mut Options> {
        self.set("window", |o| unsafe { sys::kn_options_set_window(o, count) })
    }

    /// Which events of a group are dealt with one after the other. Default: the group's.
    pub fn order(&mut self, order: Order) -> Result<&mut Options> {
        self.set("order", |o| unsafe { sys::kn_options_set_order(o, order as i32) })
    }

    /// The name under which the broker lists a worker: 1 to 64 letters, digits, `_`, `-` and `.`.
    pub fn worker_name(&mut self, name: &str) -> Result<&mut Options> {
        let name = to_c(name, "the worker's name")?;
        self.set("worker_name", |o| unsafe { sys::kn_options_set_worker_name(o, name.as_ptr()) })
    }

    /// A PEM file of the authorities that servers are verified by, instead of the system's.
    pub fn ca_file(&mut self, path: &str) -> Result<&mut Options> {
        let path = to_c(path, "the CA file")?;
        self.set("ca_file", |o| unsafe { sys::kn_options_set_ca_file(o, path.as_ptr()) })
    }

    /// PEM files with which this side proves who it is. Without `key` it is in `certificate`.
    pub fn client_certificate(
        &mut self,
        certificate: &str,
        key: Option<&str>,
    ) -> Result<&mut Options> {
        let certificate = to_c(certificate, "the certificate file")?;
        let key: Option<CString> = key.map(|key| to_c(key, "the key file")).transpose()?;
        let key = key.as_ref().map_or(ptr::null(), |key| key.as_ptr());
        self.set("client_certificate", |o| unsafe {
            sys::kn_options_set_client_certificate(o, certificate.as_ptr(), key)
        })
    }

    /// Whether the server's certificate and name are verified. Without, anyone on the way can read
    /// the vhost's token; prefer [`Options::ca_file`]. Default: true.
    pub fn verify(&mut self, verify: bool) -> Result<&mut Options> {
        self.set("verify", |o| unsafe { sys::kn_options_set_verify(o, i32::from(verify)) })
    }

    /// The proxy's URL (http, https, socks4, socks4a, socks5, socks5h). "environment" reads
    /// `http_proxy` and its like; "", the default, is none.
    pub fn proxy(&mut self, url: &str) -> Result<&mut Options> {
        let url = to_c(url, "the proxy")?;
        self.set("proxy", |o| unsafe { sys::kn_options_set_proxy(o, url.as_ptr()) })
    }

    /// A socket to connect to instead of the URL's host and port.
    pub fn unix_socket(&mut self, path: &str) -> Result<&mut Options> {
        let path = to_c(path, "the socket's path")?;
        self.set("unix_socket", |o| unsafe { sys::kn_options_set_unix_socket(o, path.as_ptr()) })
    }

    /// Adds a header to every request, beside those added before.
    pub fn header(&mut self, name: &str, value: &str) -> Result<&mut Options> {
        let (c_name, value) = (to_c(name, "a header's name")?, to_c(value, "a header's value")?);
        self.set(&format!("header '{name}'"), |o| unsafe {
            sys::kn_options_add_header(o, c_name.as_ptr(), value.as_ptr())
        })
    }

    /// How requests call themselves.
    pub fn user_agent(&mut self, user_agent: &str) -> Result<&mut Options> {
        let user_agent = to_c(user_agent, "the user agent")?;
        self.set("user_agent", |o| unsafe {
            sys::kn_options_set_user_agent(o, user_agent.as_ptr())
        })
    }

    /// Receives the log line by line, a client's on several threads at once. It must not call this
    /// crate, and a panic in it is dropped: what reports a failure must not be one.
    pub fn log(
        &mut self,
        level: LogLevel,
        log: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Result<&mut Options> {
        self.set("log", |o| unsafe {
            let user_data = into_user_data::<Log>(Box::new(log));
            // From here on the library drops it, also when the call fails.
            sys::kn_options_set_log(o, level as i32, Some(on_log), user_data, Some(destroy::<Log>))
        })
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        unsafe { sys::kn_options_free(self.options.as_ptr()) }
    }
}
