package kosmonaut

// #include <kosmonaut/kosmonaut.h>
import "C"

import (
	"context"
	"sync/atomic"
)

// Client sends requests to one vhost. Any number of goroutines use one at once.
//
// Channels' names are letters, digits, `_`, `-` and `.`; they begin with a letter, a digit or `_`.
type Client struct {
	handle *handle[C.kn_client]
	panics *panics
	wanted atomic.Bool // an interrupt of the user that no call has reported
}

// NewClient makes a client; nothing is sent yet. The URL is that of the vhost with its token,
// `http://wr:TOKEN@HOST[:PORT]/VHOST` or https. ErrInvalid: it is not of that form, or an option
// cannot be.
func NewClient(url string, options ...Option) (*Client, error) {
	var client *C.kn_client
	err := construct("new client", url, options,
		func(url *C.char, options *C.kn_options, details **C.kn_error) C.kn_status {
			return C.kn_client_new(url, options, &client, details)
		})
	if err != nil {
		return nil, err
	}
	return &Client{
		handle: newHandle(client, func(c *C.kn_client) { C.kn_client_free(c) }),
		panics: &panics{},
	}, nil
}

// Close frees the client and drops what was handed in and not flushed. It does not wait: calls that
// are inside run to their end.
func (c *Client) Close() error {
	c.handle.close()
	return nil
}

// call makes a call with the client in its C form.
func (c *Client) call(op string,
	call func(*C.kn_client, **C.kn_error) C.kn_status) error {
	client := c.handle.enter()
	if client == nil {
		return ErrClosed
	}
	defer c.handle.leave()
	var details *C.kn_error
	status := call(client, &details)
	return checked(op, status, details)
}

type outcome[T any] struct {
	value T
	err   error
}

// request makes a call that waits, but no longer than the context says. A call that is given up
// runs on in its own goroutine; so it frees its arguments itself, whenever that is.
func request[T any](ctx context.Context, call func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if ctx.Done() == nil {
		return call()
	}
	ended := make(chan outcome[T], 1)
	go func() {
		value, err := call()
		ended <- outcome[T]{value, err}
	}()
	select {
	case o := <-ended:
		return o.value, o.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// textRequest is a request whose arguments are texts and a payload.
func (c *Client) textRequest(ctx context.Context, op string, texts []string,
	call func(*C.kn_client, []*C.char, **C.kn_error) C.kn_status) error {
	_, err := request(ctx, func() (struct{}, error) {
		copies, free, err := cStrings(op, texts...)
		if err != nil {
			return struct{}{}, err
		}
		defer free()
		return struct{}{}, c.call(op, func(client *C.kn_client, details **C.kn_error) C.kn_status {
			return call(client, copies, details)
		})
	})
	return err
}

// OpenChannel opens a channel; one that is open already stays so. ErrBadChannel: the server does
// not allow the name.
func (c *Client) OpenChannel(ctx context.Context, channel string) error {
	return c.textRequest(ctx, "open channel", []string{channel},
		func(client *C.kn_client, texts []*C.char, details **C.kn_error) C.kn_status {
			return C.kn_client_open_channel(client, texts[0], details)
		})
}

// CloseChannel closes a channel and tells its subscribers. ErrNoChannel: it was not open.
func (c *Client) CloseChannel(ctx context.Context, channel string) error {
	return c.textRequest(ctx, "close channel", []string{channel},
		func(client *C.kn_client, texts []*C.char, details **C.kn_error) C.kn_status {
			return C.kn_client_close_channel(client, texts[0], details)
		})
}

// Trigger sends an event to every subscriber of an open channel. The data is JSON text ([]byte,
// json.RawMessage), a value to be marshalled, or nil for {}; it has to be an object. A []byte must
// not change before a call that was cancelled has ended, so it is copied where the context can be.
// ErrJSON: not an object; ErrNoChannel: not open; ErrTooBig: over the server's limit.
func (c *Client) Trigger(ctx context.Context, channel, event string, data any) error {
	text, err := payloadOf(data)
	if err != nil {
		return err
	}
	if text != nil && ctx.Done() != nil {
		text = append(payload{}, text...)
	}
	return c.textRequest(ctx, "trigger", []string{channel, event},
		func(client *C.kn_client, texts []*C.char, details **C.kn_error) C.kn_status {
			bytes, length := text.c()
			return C.kn_client_trigger(client, texts[0], texts[1], bytes, length, details)
		})
}

// RequestToken asks for a single access token: whoever holds it may subscribe, as uid, to every
// private and presence channel that the regular expression (RE2's syntax) matches as a whole. Give
// it to a browser whose user you know. ErrBadRequest: channels is no regular expression.
func (c *Client) RequestToken(ctx context.Context, uid, channels string) (string, error) {
	const op = "request token"
	return request(ctx, func() (string, error) {
		texts, free, err := cStrings(op, uid, channels)
		if err != nil {
			return "", err
		}
		defer free()
		var token *C.char
		err = c.call(op, func(client *C.kn_client, details **C.kn_error) C.kn_status {
			return C.kn_client_request_token(client, texts[0], texts[1], &token, details)
		})
		return takeString(token), err
	})
}

// TriggerBatch sends the events of a batch in one request, in their order. The error is that of the
// request as a whole; each event has an outcome of its own in the result. Leave the batch alone
// until a call that was cancelled has ended: better make another one.
func (c *Client) TriggerBatch(ctx context.Context, batch *Batch) (*Result, error) {
	return request(ctx, func() (*Result, error) {
		events := batch.handle.enter()
		if events == nil {
			return nil, ErrClosed
		}
		defer batch.handle.leave()
		var result *C.kn_result
		err := c.call("trigger batch",
			func(client *C.kn_client, details **C.kn_error) C.kn_status {
				return C.kn_client_trigger_batch(client, events, &result, details)
			})
		if err != nil {
			return nil, err
		}
		defer C.kn_result_free(result)
		return resultOf(result), nil
	})
}

// clientFigure calls a getter; it is zero when the client was closed.
func clientFigure[T any](c *Client, getter func(*C.kn_client) T) (value T) {
	if client := c.handle.enter(); client != nil {
		defer c.handle.leave()
		return getter(client)
	}
	return value
}

// Requests is how many calls have ended.
func (c *Client) Requests() int64 {
	return clientFigure(c, func(p *C.kn_client) int64 { return int64(C.kn_client_requests(p)) })
}

// RequestsWithStatus is how many calls have ended with a status; 0 is success.
func (c *Client) RequestsWithStatus(status Status) int64 {
	return clientFigure(c, func(p *C.kn_client) int64 {
		return int64(C.kn_client_requests_with_status(p, C.kn_status(status)))
	})
}

// Connections is how many connections are open now.
func (c *Client) Connections() int {
	return clientFigure(c, func(p *C.kn_client) int { return int(C.kn_client_connections(p)) })
}

// Stats has all figures in one JSON text.
func (c *Client) Stats() (string, error) {
	var text *C.char
	err := c.call("stats", func(client *C.kn_client, details **C.kn_error) C.kn_status {
		return C.kn_client_stats(client, &text, details)
	})
	return takeString(text), err
}
