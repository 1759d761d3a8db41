package kosmonaut

// #include <kosmonaut/kosmonaut.h>
// #include "bridge_async.h"
import "C"

import (
	"context"
	"encoding/json"
	"math"
	"unsafe"
)

// Subscriber is a connection that is subscribed to a channel, as it was when the broker was asked.
type Subscriber struct {
	// SID is the session, that is the connection.
	SID string
	// UID is the user that it is authenticated as, which the broker says and not the browser; ""
	// when it is not authenticated.
	UID string
	// IsHidden says that it hides from the other members of a presence channel.
	IsHidden bool
	// Data is what the browser said of itself as it subscribed, byte for byte: a JSON object.
	Data json.RawMessage
}

// Pages has what a call that was handed in asked for, if that was a page.
type Pages struct {
	// Page is the page of subscribers, if one was asked for.
	Page *SubscriberPage
	// Channels is the page of channels, if one was asked for.
	Channels *ChannelPage
}

func pagesOf(result *C.kn_result) Pages {
	return Pages{
		Page:     pageOf(C.kn_result_subscribers(result)),
		Channels: channelPageOf(C.kn_result_channels(result)),
	}
}

// SubscriberPage is one page of a channel's subscribers, in the order of their SIDs.
type SubscriberPage struct {
	Subscribers []Subscriber
	// Next is what to ask for the next page with; "" when this is the last one.
	Next string
}

// pageOf copies a page, which stays the library's; nil for none.
func pageOf(page *C.kn_subscribers) *SubscriberPage {
	if page == nil {
		return nil
	}
	count := C.kn_subscribers_count(page)
	copied := &SubscriberPage{
		Subscribers: make([]Subscriber, 0, count),
		Next:        C.GoString(C.kn_subscribers_next(page)),
	}
	for i := C.size_t(0); i < count; i++ {
		var length C.size_t
		data := C.kn_subscribers_data(page, i, &length)
		copied.Subscribers = append(copied.Subscribers, Subscriber{
			SID:      C.GoString(C.kn_subscribers_sid(page, i)),
			UID:      C.GoString(C.kn_subscribers_uid(page, i)),
			IsHidden: C.kn_subscribers_hidden(page, i) != 0,
			Data:     append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(data)), length)...),
		})
	}
	return copied
}

// afterOf is a place to begin behind: none for "".
func afterOf(after string) []string {
	if after == "" {
		return nil
	}
	return []string{after}
}

func afterIn(texts []*C.char) *C.char {
	if len(texts) < 2 {
		return nil
	}
	return texts[1]
}

func limitOf(op string, limit int) (C.int32_t, error) {
	if limit < 0 || limit > math.MaxInt32 {
		return 0, statusError(op, ErrInvalid)
	}
	return C.int32_t(limit), nil
}

// SubscribersPage asks for one page of who is on a channel, those who hide from the others included.
// It begins behind the SID after, such as Next of the page before; "" is the beginning. There are at
// most limit on it; 0: as many as the broker sees fit. ErrNoChannel: the channel is not open;
// ErrBadRequest: the broker makes no pages of that size; ErrTooBig: over WithMaxResponseSize.
func (c *Client) SubscribersPage(ctx context.Context, channel, after string,
	limit int) (*SubscriberPage, error) {
	const op = "subscribers"
	most, err := limitOf(op, limit)
	if err != nil {
		return nil, err
	}
	return request(ctx, func() (*SubscriberPage, error) {
		texts, free, err := cStrings(op, append([]string{channel}, afterOf(after)...)...)
		if err != nil {
			return nil, err
		}
		defer free()
		var page *C.kn_subscribers
		err = c.call(op, func(client *C.kn_client, details **C.kn_error) C.kn_status {
			return C.kn_client_subscribers(client, texts[0], afterIn(texts), most, &page, details)
		})
		defer C.kn_subscribers_free(page)
		return pageOf(page), err
	})
}

// SubscribersAsync hands in what SubscribersPage does; the result has the page.
func (c *Client) SubscribersAsync(channel, after string, limit int, fn func(*Result)) error {
	const op = "subscribers"
	most, err := limitOf(op, limit)
	if err != nil {
		return err
	}
	return c.handIn(op, fn, append([]string{channel}, afterOf(after)...),
		func(p *C.kn_client, texts []*C.char, h C.uintptr_t, details **C.kn_error) C.kn_status {
			return C.kn_go_subscribers_async(p, texts[0], afterIn(texts), most, h, details)
		})
}

// Subscribers goes over all who are on a channel, as a bufio.Scanner goes over lines:
//
//	all := client.Subscribers(ctx, "presence-room", 0)
//	for all.Next() {
//		fmt.Println(all.Subscriber().UID)
//	}
//	if err := all.Err(); err != nil { … }
//
// It asks for a page, of at most pageSize (0: what the broker sees fit), whenever the one before is
// used up. Of whoever stays meanwhile none is left out and none comes twice.
func (c *Client) Subscribers(ctx context.Context, channel string, pageSize int) *Subscribers {
	return &Subscribers{walk[Subscriber]{ask: func(after string) ([]Subscriber, string, error) {
		page, err := c.SubscribersPage(ctx, channel, after, pageSize)
		if err != nil {
			return nil, "", err
		}
		return page.Subscribers, page.Next, nil
	}}}
}

// Subscribers is where one is among all who are on a channel.
type Subscribers struct {
	walk[Subscriber]
}

// Subscriber is the one that Next went on to.
func (s *Subscribers) Subscriber() Subscriber { return s.rows[s.index] }

// Channel is a channel that is open, as it was when the broker was asked.
type Channel struct {
	Name string
	// Type is "normal", "private" or "presence"; there may be more one day.
	Type string
	// Subscribers is how many connections are subscribed, those that hide included.
	Subscribers int64
	// Members is how many of them the others on a presence channel see; -1 for channels of other
	// types.
	Members int64
}

// ChannelPage is one page of a vhost's channels, in the order of their names.
type ChannelPage struct {
	Channels []Channel
	// Next is what to ask for the next page with; "" when this is the last one.
	Next string
}

// channelPageOf copies a page, which stays the library's; nil for none.
func channelPageOf(page *C.kn_channels) *ChannelPage {
	if page == nil {
		return nil
	}
	count := C.kn_channels_count(page)
	copied := &ChannelPage{
		Channels: make([]Channel, 0, count),
		Next:     C.GoString(C.kn_channels_next(page)),
	}
	for i := C.size_t(0); i < count; i++ {
		copied.Channels = append(copied.Channels, Channel{
			Name:        C.GoString(C.kn_channels_name(page, i)),
			Type:        C.GoString(C.kn_channels_type(page, i)),
			Subscribers: int64(C.kn_channels_subscribers(page, i)),
			Members:     int64(C.kn_channels_members(page, i)),
		})
	}
	return copied
}

// ChannelsPage asks for one page of the channels whose names begin with prefix; "" is all. It begins
// behind the name after, such as Next of the page before; "" is the beginning. There are at most
// limit on it; 0: as many as the broker sees fit. ErrBadRequest: the broker makes no pages of that
// size; ErrTooBig: over WithMaxResponseSize; ErrProtocol: the broker does not tell.
func (c *Client) ChannelsPage(ctx context.Context, prefix, after string,
	limit int) (*ChannelPage, error) {
	const op = "channels"
	most, err := limitOf(op, limit)
	if err != nil {
		return nil, err
	}
	return request(ctx, func() (*ChannelPage, error) {
		texts, free, err := cStrings(op, append([]string{prefix}, afterOf(after)...)...)
		if err != nil {
			return nil, err
		}
		defer free()
		var page *C.kn_channels
		err = c.call(op, func(client *C.kn_client, details **C.kn_error) C.kn_status {
			return C.kn_client_channels(client, texts[0], afterIn(texts), most, &page, details)
		})
		defer C.kn_channels_free(page)
		return channelPageOf(page), err
	})
}

// ChannelsAsync hands in what ChannelsPage does; the result has the page.
func (c *Client) ChannelsAsync(prefix, after string, limit int, fn func(*Result)) error {
	const op = "channels"
	most, err := limitOf(op, limit)
	if err != nil {
		return err
	}
	return c.handIn(op, fn, append([]string{prefix}, afterOf(after)...),
		func(p *C.kn_client, texts []*C.char, h C.uintptr_t, details **C.kn_error) C.kn_status {
			return C.kn_go_channels_async(p, texts[0], afterIn(texts), most, h, details)
		})
}

// Channels goes over all channels whose names begin with prefix, as [Client.Subscribers] does over
// subscribers.
func (c *Client) Channels(ctx context.Context, prefix string, pageSize int) *Channels {
	return &Channels{walk[Channel]{ask: func(after string) ([]Channel, string, error) {
		page, err := c.ChannelsPage(ctx, prefix, after, pageSize)
		if err != nil {
			return nil, "", err
		}
		return page.Channels, page.Next, nil
	}}}
}

// Channels is where one is among all channels.
type Channels struct {
	walk[Channel]
}

// Channel is the one that Next went on to.
func (c *Channels) Channel() Channel { return c.rows[c.index] }

// walk goes over all rows, which it asks for a page at a time.
type walk[Row any] struct {
	ask    func(after string) ([]Row, string, error)
	rows   []Row
	index  int
	after  string
	isLast bool
	err    error
}

// Next goes on to the next one. False: that was all, or Err says what was wrong.
func (w *walk[Row]) Next() bool {
	w.index++
	for w.err == nil && w.index >= len(w.rows) {
		if w.isLast {
			return false
		}
		w.rows, w.after, w.err = w.ask(w.after)
		w.index, w.isLast = 0, w.after == ""
	}
	return w.err == nil
}

// Err is nil, or what ended it before its end.
func (w *walk[Row]) Err() error { return w.err }
