package kosmonaut

// #include <kosmonaut/kosmonaut.h>
// #include "bridge_async.h"
import "C"

import (
	"context"
	"runtime/cgo"
)

// Calls that are handed in. A goroutine per request does without them; they are for programs that
// make very many requests, since none of them occupies a thread. Requests move, and their functions
// run, inside Flush and Dispatch, on the goroutine that calls these.

// handIn gives a call away together with a function that hears once how it ended; nil: nobody asks.
func (c *Client) handIn(op string, fn func(*Result), texts []string,
	call func(*C.kn_client, []*C.char, C.uintptr_t, **C.kn_error) C.kn_status) error {
	copies, free, err := cStrings(op, texts...)
	if err != nil {
		return err
	}
	defer free()
	if fn == nil {
		fn = func(*Result) {}
	}
	return c.call(op, func(client *C.kn_client, details **C.kn_error) C.kn_status {
		// From here on the library deletes it, also when the call fails.
		handle := cgo.NewHandle(&completion{fn, c.panics})
		return call(client, copies, C.uintptr_t(handle), details)
	})
}

// OpenChannelAsync hands in what OpenChannel does. ErrFull: WithMaxPending calls are pending.
func (c *Client) OpenChannelAsync(channel string, fn func(*Result)) error {
	return c.handIn("open channel", fn, []string{channel},
		func(p *C.kn_client, texts []*C.char, h C.uintptr_t, details **C.kn_error) C.kn_status {
			return C.kn_go_open_channel_async(p, texts[0], h, details)
		})
}

// CloseChannelAsync hands in what CloseChannel does. ErrFull: WithMaxPending calls are pending.
func (c *Client) CloseChannelAsync(channel string, fn func(*Result)) error {
	return c.handIn("close channel", fn, []string{channel},
		func(p *C.kn_client, texts []*C.char, h C.uintptr_t, details **C.kn_error) C.kn_status {
			return C.kn_go_close_channel_async(p, texts[0], h, details)
		})
}

// TriggerAsync hands in what Trigger does. ErrFull: WithMaxPending calls are pending.
func (c *Client) TriggerAsync(channel, event string, data any, fn func(*Result)) error {
	text, err := payloadOf(data)
	if err != nil {
		return err
	}
	return c.handIn("trigger", fn, []string{channel, event},
		func(p *C.kn_client, texts []*C.char, h C.uintptr_t, details **C.kn_error) C.kn_status {
			bytes, length := text.c()
			return C.kn_go_trigger_async(p, texts[0], texts[1], bytes, length, h, details)
		})
}

// RequestTokenAsync hands in what RequestToken does; the result has the token.
func (c *Client) RequestTokenAsync(uid, channels string, fn func(*Result)) error {
	return c.handIn("request token", fn, []string{uid, channels},
		func(p *C.kn_client, texts []*C.char, h C.uintptr_t, details **C.kn_error) C.kn_status {
			return C.kn_go_request_token_async(p, texts[0], texts[1], h, details)
		})
}

// TriggerBatchAsync hands in a copy of a batch; the result has the outcome of each event.
func (c *Client) TriggerBatchAsync(batch *Batch, fn func(*Result)) error {
	events := batch.handle.enter()
	if events == nil {
		return ErrClosed
	}
	defer batch.handle.leave()
	return c.handIn("trigger batch", fn, nil,
		func(p *C.kn_client, _ []*C.char, h C.uintptr_t, details **C.kn_error) C.kn_status {
			return C.kn_go_trigger_batch_async(p, events, h, details)
		})
}

// Flush moves calls on until all that were handed in before it have ended, or the context has. How
// each one ended is told to its function. ErrState: another goroutine, or a result's function, is
// in Flush or Dispatch already; ErrInterrupted; ErrClosed. A panic of a function comes out of here.
func (c *Client) Flush(ctx context.Context) error {
	defer c.panics.raise()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		stop := interruptWhen(ctx, func() { _ = c.interrupt() })
		err := c.call("flush", func(client *C.kn_client, details **C.kn_error) C.kn_status {
			return C.kn_client_flush(client, -1, details)
		})
		stop()
		if ctx.Err() == nil && isStatus(err, ErrInterrupted) && !c.wanted.Swap(false) {
			continue // left over from a context that ended as an earlier call returned
		}
		if ctx.Err() != nil && isStatus(err, ErrInterrupted) {
			return ctx.Err()
		}
		return err
	}
}

// Dispatch moves calls on with what is ready, without waiting, for a loop that watches FD. nil: at
// least one has ended; ErrAgain: none has; otherwise as Flush.
func (c *Client) Dispatch() error {
	defer c.panics.raise()
	for {
		err := c.call("dispatch", func(client *C.kn_client, details **C.kn_error) C.kn_status {
			return C.kn_client_dispatch(client, details)
		})
		if isStatus(err, ErrInterrupted) && !c.wanted.Swap(false) {
			continue
		}
		return err
	}
}

// FD is a descriptor that is readable while Dispatch would do something; -1 when there is none. It
// is the library's: poll a dup of it, for reading only.
func (c *Client) FD() int {
	fd := -1
	clientFigure(c, func(p *C.kn_client) struct{} {
		fd = int(C.kn_client_fd(p))
		return struct{}{}
	})
	return fd
}

// Interrupt makes the Flush or Dispatch that is running, or else the next one, return
// ErrInterrupted.
func (c *Client) Interrupt() error {
	c.wanted.Store(true)
	return c.interrupt()
}

func (c *Client) interrupt() error {
	return c.call("interrupt", func(client *C.kn_client, _ **C.kn_error) C.kn_status {
		return C.kn_client_interrupt(client)
	})
}

// Pending is how many calls were handed in and have not ended.
func (c *Client) Pending() int {
	return clientFigure(c, func(p *C.kn_client) int { return int(C.kn_client_pending(p)) })
}

// interruptWhen interrupts as soon as the context ends, until the returned function was called.
func interruptWhen(ctx context.Context, interrupt func()) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	stopped := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
			interrupt()
		case <-stopped:
		}
	}()
	return func() { close(stopped) }
}
