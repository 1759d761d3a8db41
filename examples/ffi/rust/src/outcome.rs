//! How calls end and what they bring: tokens, and pages.

use std::ffi::CString;
use std::os::raw::c_char;
use std::{ptr, slice, vec};

use crate::client::Client;
use crate::error::{checked, Error, Result, Status};
use crate::sys::{self, kn_channels, kn_error, kn_result, kn_subscribers};
use crate::text::{borrowed, to_c};

/// How a call ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether it succeeded; where every trigger of a batch has an outcome, the first failure.
    pub result: Result<()>,
    /// The single access token, if one was asked for.
    pub token: Option<String>,
    /// The page of subscribers, if one was asked for.
    pub page: Option<SubscriberPage>,
    /// The page of channels, if one was asked for.
    pub channels: Option<ChannelPage>,
    /// The outcome of each trigger of a batch; empty when the batch as a whole failed.
    pub items: Vec<Result<()>>,
}

impl Outcome {
    /// # Safety
    /// `result` points to a result.
    pub(crate) unsafe fn copied(result: *const kn_result) -> Outcome {
        let items = (0..sys::kn_result_count(result)).map(|index| {
            ended(
                sys::kn_result_item_status(result, index),
                sys::kn_result_item_error(result, index),
            )
        });
        let page = sys::kn_result_subscribers(result);
        let channels = sys::kn_result_channels(result);
        Outcome {
            result: ended(sys::kn_result_status(result), sys::kn_result_error(result)),
            token: borrowed(sys::kn_result_token(result)).map(str::to_owned),
            page: (!page.is_null()).then(|| SubscriberPage::copied(page)),
            channels: (!channels.is_null()).then(|| ChannelPage::copied(channels)),
            items: items.collect(),
        }
    }
}

unsafe fn ended(status: i32, details: *const kn_error) -> Result<()> {
    if status >= 0 {
        return Ok(());
    }
    if details.is_null() {
        return Err(Error::of_status(Status(status)));
    }
    Err(Error::copied(details))
}

/// A connection that is subscribed to a channel, as it was when the broker was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriber {
    /// The session, that is the connection.
    pub sid: String,
    /// The user that it is authenticated as, which the broker says and not the browser.
    pub uid: Option<String>,
    /// Whether it hides from the other members of a presence channel.
    pub is_hidden: bool,
    /// What the browser said of itself as it subscribed: a JSON object, as it came.
    pub data: String,
}

/// One page of a channel's subscribers, in the order of their sids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriberPage {
    /// Who is on it.
    pub subscribers: Vec<Subscriber>,
    /// What to ask for the next page with; `None` when this is the last one.
    pub next: Option<String>,
}

impl SubscriberPage {
    /// # Safety
    /// `page` points to a page.
    pub(crate) unsafe fn copied(page: *const kn_subscribers) -> SubscriberPage {
        SubscriberPage {
            subscribers: (0..sys::kn_subscribers_count(page))
                .map(|index| subscriber(page, index))
                .collect(),
            next: borrowed(sys::kn_subscribers_next(page)).map(str::to_owned),
        }
    }
}

unsafe fn subscriber(page: *const kn_subscribers, index: usize) -> Subscriber {
    let mut length = 0;
    let data = sys::kn_subscribers_data(page, index, &mut length);
    Subscriber {
        sid: borrowed(sys::kn_subscribers_sid(page, index)).unwrap_or("").to_owned(),
        uid: borrowed(sys::kn_subscribers_uid(page, index)).map(str::to_owned),
        is_hidden: sys::kn_subscribers_hidden(page, index) != 0,
        data: String::from_utf8_lossy(slice::from_raw_parts(data.cast::<u8>(), length))
            .into_owned(),
    }
}

/// A channel that is open, as it was when the broker was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// `normal`, `private` or `presence`; there may be more one day.
    pub kind: String,
    /// How many connections are subscribed, those that hide included.
    pub subscribers: i64,
    /// How many of them the others on a presence channel see; `None` for channels of other types.
    pub members: Option<i64>,
}

/// One page of a vhost's channels, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelPage {
    /// What is on it.
    pub channels: Vec<Channel>,
    /// What to ask for the next page with; `None` when this is the last one.
    pub next: Option<String>,
}

impl ChannelPage {
    /// # Safety
    /// `page` points to a page.
    pub(crate) unsafe fn copied(page: *const kn_channels) -> ChannelPage {
        ChannelPage {
            channels: (0..sys::kn_channels_count(page)).map(|index| channel(page, index)).collect(),
            next: borrowed(sys::kn_channels_next(page)).map(str::to_owned),
        }
    }
}

unsafe fn channel(page: *const kn_channels, index: usize) -> Channel {
    let members = sys::kn_channels_members(page, index);
    Channel {
        name: borrowed(sys::kn_channels_name(page, index)).unwrap_or("").to_owned(),
        kind: borrowed(sys::kn_channels_type(page, index)).unwrap_or("").to_owned(),
        subscribers: sys::kn_channels_subscribers(page, index),
        members: (members >= 0).then_some(members),
    }
}

impl Client {
    /// All who are on a channel, those who hide from the others included. The iterator asks for a
    /// page, of at most `page_size` (0: what the broker sees fit), whenever the one before is used
    /// up, and ends after an error. Of whoever stays meanwhile none is left out and none comes
    /// twice.
    pub fn subscribers(&self, channel: &str, page_size: u32) -> Subscribers<'_> {
        let channel = channel.to_owned();
        Walk::new(move |after| {
            let page = self.subscribers_page(&channel, after, page_size)?;
            Ok((page.subscribers, page.next))
        })
    }

    /// One page of who is on a channel. It begins behind the sid `after`, such as `next` of the page
    /// before; `None` is the beginning. There are at most `limit` on it; 0: as many as the broker
    /// sees fit. `Status::NO_CHANNEL`: the channel is not open; `Status::BAD_REQUEST`: the broker
    /// makes no pages of that size; `Status::TOO_BIG`: over [`Options::max_response_size`].
    pub fn subscribers_page<'a>(
        &self,
        channel: &str,
        after: impl Into<Option<&'a str>>,
        limit: u32,
    ) -> Result<SubscriberPage> {
        let channel = to_c(channel, "the channel")?;
        let after = after.into().map(|after| to_c(after, "after")).transpose()?;
        let (after, limit) = (or_null(&after), limit_to_c(limit)?);
        let mut page = ptr::null_mut();
        checked(|e| unsafe {
            let client = self.as_ptr();
            sys::kn_client_subscribers(client, channel.as_ptr(), after, limit, &mut page, e)
        })?;
        unsafe {
            let copied = SubscriberPage::copied(page);
            sys::kn_subscribers_free(page);
            Ok(copied)
        }
    }

    /// Hands in what [`Client::subscribers_page`] does, as [`Client::open_channel_async`].
    pub fn subscribers_async<'a>(
        &self,
        channel: &str,
        after: impl Into<Option<&'a str>>,
        limit: u32,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<()> {
        let channel = to_c(channel, "the channel")?;
        let after = after.into().map(|after| to_c(after, "after")).transpose()?;
        let (after, limit) = (or_null(&after), limit_to_c(limit)?);
        self.hand_in(done, |f, data, destroy, e| unsafe {
            sys::kn_client_subscribers_async(
                self.as_ptr(),
                channel.as_ptr(),
                after,
                limit,
                f,
                data,
                destroy,
                e,
            )
        })
    }

    /// All channels whose names begin with `prefix`, page after page, as [`Client::subscribers`].
    pub fn channels(&self, prefix: &str, page_size: u32) -> Channels<'_> {
        let prefix = prefix.to_owned();
        Walk::new(move |after| {
            let page = self.channels_page(&prefix, after, page_size)?;
            Ok((page.channels, page.next))
        })
    }

    /// One page of them. It begins behind the name `after`, such as `next` of the page before; `None`
    /// is the beginning. There are at most `limit` on it; 0: as many as the broker sees fit.
    /// `Status::BAD_REQUEST`: the broker makes no pages of that size; `Status::TOO_BIG`: over
    /// [`crate::Options::max_response_size`]; `Status::PROTOCOL`: the broker does not tell.
    pub fn channels_page<'a>(
        &self,
        prefix: &str,
        after: impl Into<Option<&'a str>>,
        limit: u32,
    ) -> Result<ChannelPage> {
        let prefix = to_c(prefix, "the prefix")?;
        let after = after.into().map(|after| to_c(after, "after")).transpose()?;
        let (after, limit) = (or_null(&after), limit_to_c(limit)?);
        let mut page = ptr::null_mut();
        checked(|e| unsafe {
            let client = self.as_ptr();
            sys::kn_client_channels(client, prefix.as_ptr(), after, limit, &mut page, e)
        })?;
        unsafe {
            let copied = ChannelPage::copied(page);
            sys::kn_channels_free(page);
            Ok(copied)
        }
    }

    /// Hands in what [`Client::channels_page`] does, as [`Client::open_channel_async`].
    pub fn channels_async<'a>(
        &self,
        prefix: &str,
        after: impl Into<Option<&'a str>>,
        limit: u32,
        done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<()> {
        let prefix = to_c(prefix, "the prefix")?;
        let after = after.into().map(|after| to_c(after, "after")).transpose()?;
        let (after, limit) = (or_null(&after), limit_to_c(limit)?);
        self.hand_in(done, |f, data, destroy, e| unsafe {
            let client = self.as_ptr();
            let prefix = prefix.as_ptr();
            sys::kn_client_channels_async(client, prefix, after, limit, f, data, destroy, e)
        })
    }
}

/// All who are on a channel: from [`Client::subscribers`].
pub type Subscribers<'a> = Walk<'a, Subscriber>;

/// All channels: from [`Client::channels`].
pub type Channels<'a> = Walk<'a, Channel>;

type Asked<Row> = Result<(Vec<Row>, Option<String>)>;

/// Goes over all rows of a list, which it asks for a page at a time.
pub struct Walk<'a, Row> {
    ask: Box<dyn FnMut(Option<&str>) -> Asked<Row> + Send + 'a>,
    rows: vec::IntoIter<Row>,
    next: Next,
}

enum Next {
    First,
    After(String),
    Nothing,
}

impl<'a, Row> Walk<'a, Row> {
    fn new(ask: impl FnMut(Option<&str>) -> Asked<Row> + Send + 'a) -> Walk<'a, Row> {
        Walk { ask: Box::new(ask), rows: Vec::new().into_iter(), next: Next::First }
    }
}

impl<Row> Iterator for Walk<'_, Row> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Result<Row>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            let after = match std::mem::replace(&mut self.next, Next::Nothing) {
                Next::First => None,
                Next::After(last) => Some(last),
                Next::Nothing => return None,
            };
            match (self.ask)(after.as_deref()) {
                Err(error) => return Some(Err(error)),
                Ok((rows, next)) => {
                    self.rows = rows.into_iter();
                    self.next = next.map_or(Next::Nothing, Next::After);
                }
            }
        }
    }
}

fn or_null(text: &Option<CString>) -> *const c_char {
    text.as_ref().map_or(ptr::null(), |text| text.as_ptr())
}

fn limit_to_c(limit: u32) -> Result<i32> {
    i32::try_from(limit).map_err(|_| Error::of_status(Status::INVALID))
}
