use std::os::raw::c_void;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use crate::callback::{destroy, into_user_data, on_completion, Completion, Panics};
use crate::error::{checked, descriptor, require, require_of, Error, Result, Status};
use crate::options::Options;
use crate::outcome::Outcome;
use crate::sys::{self, kn_batch, kn_client, kn_completion, kn_destroy, kn_error};
use crate::text::{milliseconds, payload, take, to_c};

/// Sends requests to one vhost. Any number of threads use one at once.
///
/// Channels' names are letters, digits, `_`, `-` and `.`; they begin with a letter, a digit or `_`.
pub struct Client {
    client: NonNull<kn_client>,
    panics: Arc<Panics>,
}

// The header says so: any thread, any time. What is handed in is `Send`.
unsafe impl Send for Client {}
unsafe impl Sync for Client {}

/// Why a [`Client::flush`] or [`Client::dispatch`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    /// Flush: all calls have ended; dispatch: at least one has.
    Done,
    /// Time is up; dispatch: none has ended.
    Again,
    /// [`Client::interrupt`].
    Interrupted,
}

impl Client {
    /// Makes a client; nothing is sent yet. The URL is that of the vhost with its token,
    /// `http://wr:TOKEN@HOST[:PORT]/VHOST` or https. `Status::INVALID`: it is not of that form.
    pub fn new(url: &str) -> Result<Client> {
        Client::construct(url, ptr::null())
    }

    /// The same, with options.
    pub fn with_options(url: &str, options: &Options) -> Result<Client> {
        Client::construct(url, options.as_ptr())
    }

    fn construct(url: &str, options: *const sys::kn_options) -> Result<Client> {
        let url = to_c(url, "the URL")?;
        let mut client = ptr::null_mut();
        checked(|e| unsafe { sys::kn_client_new(url.as_ptr(), options, &mut client, e) })?;
        NonNull::new(client)
            .map(|client| Client { client, panics: Arc::default() })
            .ok_or_else(|| Error::of_status(Status::INTERNAL))
    }

    pub(crate) fn as_ptr(&self) -> *mut kn_client {
        self.client.as_ptr()
    }

    /// Opens a channel; one that is open already stays so. `Status::BAD_CHANNEL`: the server does
    /// not allow the name.
    pub fn open_channel(&self, channel: &str) -> Result<()> {
        let channel = to_c(channel, "the channel")?;
        checked(|e| unsafe { sys::kn_client_open_channel(self.as_ptr(), channel.as_ptr(), e) })
            .map(drop)
    }

    /// Closes a channel and tells its subscribers. `Status::NO_CHANNEL`: it was not open.
    pub fn close_channel(&self, channel: &str) -> Result<()> {
        let channel = to_c(channel, "the channel")?;
        checked(|e| unsafe { sys::kn_client_close_channel(self.as_ptr(), channel.as_ptr(), e) })
            .map(drop)
    }

    /// Sends an event to every subscriber of an open channel. The data is a JSON object; `None` is
    /// `{}`. `Status::JSON`: it is no object; `Status::NO_CHANNEL`: the channel is not open;
    /// `Status::TOO_BIG`: over the server's limit. After `Status::TIMEOUT` and `Status::IO` it may
    /// have been delivered.
    pub fn trigger<'a>(
        &self,
        channel: &str,
        event: &str,
        data: impl Into<Option<&'a str>>,
    ) -> Result<()> {
        let (channel, event) = (to_c(channel, "the channel")?, to_c(event, "the event")?);
        let (data, length) = payload(data.into());
        checked(|e| unsafe {
            sys::kn_client_trigger(self.as_ptr(), channel.as_ptr(), event.as_ptr(), data, length, e)
        })
        .map(drop)
    }

    /// Asks for a single access token: whoever holds it may subscribe, as `uid`, to every private
    /// and presence channel that the regular expression (RE2's syntax) matches as a whole. Give it
    /// to a browser whose user you know. `Status::BAD_REQUEST`: `channels` is no regular
    /// expression.
    pub fn request_token(&self, uid: &str, channels: &str) -> Result<String> {
        let (uid, channels) = (to_c(uid, "the uid")?, to_c(channels, "the channels")?);
        let mut token = ptr::null_mut();
        checked(|e| unsafe {
            sys::kn_client_request_token(
                self.as_ptr(),
                uid.as_ptr(),
                channels.as_ptr(),
                &mut token,
                e,
            )
        })?;
        Ok(unsafe { take(token) })
    }

    /// Sends the events of a batch in one request, in their order. `Ok`: each of them has an
    /// outcome of its own.
    pub fn trigger_batch(&self, batch: &Batch) -> Result<Outcome> {
        let mut result = ptr::null_mut();
        checked(|e| unsafe {
            sys::kn_client_trigger_batch(self.as_ptr(), batch.batch.as_ptr(), &mut result, e)
        })?;
        unsafe {
            let outcome = Outcome::copied(result);
            sys::kn_result_free(result);
            Ok(outcome)
        }
    }

    /// Gives a call away together with a closure that hears once how it ended.
    pub(crate) fn hand_in(
        &self,
        done: impl FnOnce(Outcome) + Send + 'static,
        call: impl FnOnce(kn_completion, *mut c_void, kn_destroy, *mut *mut kn_error) -> i32,
    ) -> Result<()> {
        // From the call on the library drops it, also when that fails.
        let user_data = into_user_data(Completion {
            call: Some(Box::new(done)),
            panics: Arc::clone(&self.panics),
        });
        checked(|e| call(Some(on_completion), user_data, Some(destroy::<Completion>), e)).map(drop)
    }

    /// Hands in what [`Client::open_channel`] does. Requests move, and the closures run, inside
    /// [`Client::flush`] and [`Client::dispatch`], on the thread that calls them; a client that is
    /// dropped drops them, so a client that they own themselves goes only when they have run.
    /// `Status::FULL`: too many are pending ([`Options::max_pending`]).
    pub fn open_channel_async(
        &self,
        channel: &str,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<()> {
        let channel = to_c(channel, "the channel")?;
        self.hand_in(done, |f, data, destroy, e| unsafe {
            let client = self.as_ptr();
            sys::kn_client_open_channel_async(client, channel.as_ptr(), f, data, destroy, e)
        })
    }

    /// Hands in what [`Client::close_channel`] does, as [`Client::open_channel_async`].
    pub fn close_channel_async(
        &self,
        channel: &str,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<()> {
        let channel = to_c(channel, "the channel")?;
        self.hand_in(done, |f, data, destroy, e| unsafe {
            let client = self.as_ptr();
            sys::kn_client_close_channel_async(client, channel.as_ptr(), f, data, destroy, e)
        })
    }

    /// Hands in what [`Client::trigger`] does, as [`Client::open_channel_async`].
    pub fn trigger_async<'a>(
        &self,
        channel: &str,
        event: &str,
        data: impl Into<Option<&'a str>>,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<()> {
        let (channel, event) = (to_c(channel, "the channel")?, to_c(event, "the event")?);
        let (text, length) = payload(data.into());
        self.hand_in(done, |f, data, destroy, e| unsafe {
            sys::kn_client_trigger_async(
                self.as_ptr(),
                channel.as_ptr(),
                event.as_ptr(),
                text,
                length,
                f,
                data,
                destroy,
                e,
            )
        })
    }

    /// Hands in what [`Client::request_token`] does, as [`Client::open_channel_async`].
    pub fn request_token_async(
        &self,
        uid: &str,
        channels: &str,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<()> {
        let (uid, channels) = (to_c(uid, "the uid")?, to_c(channels, "the channels")?);
        self.hand_in(done, |f, data, destroy, e| unsafe {
            sys::kn_client_request_token_async(
                self.as_ptr(),
                uid.as_ptr(),
                channels.as_ptr(),
                f,
                data,
                destroy,
                e,
            )
        })
    }

    /// Hands in a copy of a batch, as [`Client::open_channel_async`].
    pub fn trigger_batch_async(
        &self,
        batch: &Batch,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<()> {
        self.hand_in(done, |f, data, destroy, e| unsafe {
            let batch = batch.batch.as_ptr();
            sys::kn_client_trigger_batch_async(self.as_ptr(), batch, f, data, destroy, e)
        })
    }

    /// Resumes what a closure panicked with, which the call has caught.
    fn drive(&self, call: impl FnOnce(*mut *mut kn_error) -> i32) -> Result<Flushed> {
        let status = checked(call);
        self.panics.resume();
        Ok(match status? {
            Status::OK => Flushed::Done,
            Status::INTERRUPTED => Flushed::Interrupted,
            _ => Flushed::Again,
        })
    }

    /// Moves calls on until all that were handed in before it have ended; `None` waits for ever.
    /// How each one ended is told to its closure. `Status::STATE`: another thread, or a closure, is
    /// in here already.
    ///
    /// # Panics
    /// With what a closure panicked with.
    pub fn flush(&self, timeout: impl Into<Option<Duration>>) -> Result<Flushed> {
        let timeout = milliseconds(timeout.into());
        self.drive(|e| unsafe { sys::kn_client_flush(self.as_ptr(), timeout, e) })
    }

    /// Moves calls on with what is ready, without waiting, for a loop that watches
    /// [`Client::fd`]. Otherwise as [`Client::flush`].
    pub fn dispatch(&self) -> Result<Flushed> {
        self.drive(|e| unsafe { sys::kn_client_dispatch(self.as_ptr(), e) })
    }

    /// A descriptor that is readable while [`Client::dispatch`] would do something. It is the
    /// library's: poll it for reading, and take it out of the loop before the client is dropped.
    pub fn fd(&self) -> Option<i32> {
        descriptor(unsafe { sys::kn_client_fd(self.as_ptr()) })
    }

    /// Wakes the flush or dispatch that is running, or else the next one.
    pub fn interrupt(&self) -> Result<()> {
        require(unsafe { sys::kn_client_interrupt(self.as_ptr()) })
    }

    /// How many calls were handed in and have not ended.
    pub fn pending(&self) -> usize {
        unsafe { sys::kn_client_pending(self.as_ptr()) }
    }

    /// How many calls have ended.
    pub fn requests(&self) -> i64 {
        unsafe { sys::kn_client_requests(self.as_ptr()) }
    }

    /// How many calls have ended with a status.
    pub fn requests_with_status(&self, status: Status) -> i64 {
        unsafe { sys::kn_client_requests_with_status(self.as_ptr(), status.0) }
    }

    /// How many connections are open now.
    pub fn connections(&self) -> i32 {
        unsafe { sys::kn_client_connections(self.as_ptr()) }
    }

    /// All figures in one JSON text.
    pub fn stats(&self) -> Result<String> {
        let mut json = ptr::null_mut();
        checked(|e| unsafe { sys::kn_client_stats(self.as_ptr(), &mut json, e) })?;
        Ok(unsafe { take(json) })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        unsafe { sys::kn_client_free(self.as_ptr()) }
    }
}

/// Triggers that go out in one request.
pub struct Batch {
    batch: NonNull<kn_batch>,
}

// Plain memory; what changes it takes `&mut self`, and reading it changes nothing.
unsafe impl Send for Batch {}

impl Batch {
    /// An empty one. `Status::NO_MEMORY`.
    pub fn new() -> Result<Batch> {
        NonNull::new(unsafe { sys::kn_batch_new() })
            .map(|batch| Batch { batch })
            .ok_or_else(|| Error::of_status(Status::NO_MEMORY))
    }

    /// Adds a trigger, as for [`Client::trigger`]. Unless it succeeds, nothing was added.
    pub fn add<'a>(
        &mut self,
        channel: &str,
        event: &str,
        data: impl Into<Option<&'a str>>,
    ) -> Result<&mut Batch> {
        let (c_channel, c_event) = (to_c(channel, "the channel")?, to_c(event, "the event")?);
        let (data, length) = payload(data.into());
        let batch = self.batch.as_ptr();
        let status = unsafe {
            sys::kn_batch_add(batch, c_channel.as_ptr(), c_event.as_ptr(), data, length)
        };
        // By its place: what was given for a name may be a token that went astray.
        require_of(status, || format!("trigger {}", self.len() + 1))?;
        Ok(self)
    }

    /// How many triggers it holds.
    pub fn len(&self) -> usize {
        unsafe { sys::kn_batch_count(self.batch.as_ptr()) }
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all triggers out.
    pub fn clear(&mut self) {
        unsafe { sys::kn_batch_clear(self.batch.as_ptr()) }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        unsafe { sys::kn_batch_free(self.batch.as_ptr()) }
    }
}
