package kosmonaut

// #include <kosmonaut/kosmonaut.h>
import "C"

import (
	"encoding/json"
	"sync/atomic"
	"time"
	"unsafe"
)

// EventKind is what kind of event one is.
type EventKind int32

const (
	// EventMessage: a browser sent it.
	EventMessage EventKind = C.KN_EVENT_MESSAGE
	// EventGap: the broker says that messages were lost (delivery at least once only).
	EventGap EventKind = C.KN_EVENT_GAP
)

// Event is what a browser sent. It never changes, any number of goroutines may read it, and it
// outlives its worker. After Close its getters return nothing.
type Event struct {
	handle   *handle[C.kn_event]
	handling *handling
}

// handling is what all references to an event know of its handler.
type handling struct {
	isUnderWay atomic.Bool
	isDeferred atomic.Bool
}

func newEvent(event *C.kn_event, state *handling) *Event {
	return &Event{newHandle(event, func(e *C.kn_event) { C.kn_event_free(e) }), state}
}

// Close lets go of the event. Where delivery is at least once, one that was not answered goes back
// to the broker. Run and Dispatch close what they gave a handler; [Event.Retain] keeps it.
func (e *Event) Close() error {
	e.handle.close()
	return nil
}

// Retain keeps an event beyond its handler, as an event that the caller closes; nil if this one was
// closed.
func (e *Event) Retain() *Event {
	event := e.handle.enter()
	if event == nil {
		return nil
	}
	defer e.handle.leave()
	return newEvent(C.kn_event_retain(event), e.handling)
}

// read calls a getter, unless the event was closed.
func read[T any](e *Event, getter func(*C.kn_event) T) (value T) {
	if event := e.handle.enter(); event != nil {
		defer e.handle.leave()
		return getter(event)
	}
	return value
}

// Kind is EventMessage, or a kind that was asked for.
func (e *Event) Kind() EventKind {
	return read(e, func(c *C.kn_event) EventKind { return EventKind(C.kn_event_kind(c)) })
}

// Attempt is how often this message was delivered, this time included.
func (e *Event) Attempt() int {
	return read(e, func(c *C.kn_event) int { return int(C.kn_event_attempt(c)) })
}

// Ref is the reference under which a page sent the event, at least once: the key by which a
// repetition is told, over the whole way. "": it has none.
func (e *Event) Ref() string {
	return read(e, func(c *C.kn_event) string { return C.GoString(C.kn_event_ref(c)) })
}

// Time is when the broker took the event, at least once, by its clock; the zero time: not known.
func (e *Event) Time() time.Time {
	return read(e, func(c *C.kn_event) time.Time {
		if ms := int64(C.kn_event_time_ms(c)); ms >= 0 {
			return time.UnixMilli(ms)
		}
		return time.Time{}
	})
}

// Topic is the topic as it came: channel, slash, event.
func (e *Event) Topic() string {
	return read(e, func(c *C.kn_event) string { return C.GoString(C.kn_event_topic(c)) })
}

// Channel is the topic's part before the first slash; "" where there is none.
func (e *Event) Channel() string {
	return read(e, func(c *C.kn_event) string { return C.GoString(C.kn_event_channel(c)) })
}

// Name is the topic's part after the first slash, or the whole of it.
func (e *Event) Name() string {
	return read(e, func(c *C.kn_event) string { return C.GoString(C.kn_event_name(c)) })
}

// ID is the event's id in its stream; "" when the stream gave none.
func (e *Event) ID() string {
	return read(e, func(c *C.kn_event) string { return C.GoString(C.kn_event_id(c)) })
}

// UID is the authenticated user whose browser sent the event, which the broker says and not the
// browser; "" when it is not authenticated.
func (e *Event) UID() string {
	return read(e, func(c *C.kn_event) string { return C.GoString(C.kn_event_uid(c)) })
}

// SID is the session, that is the connection, whose browser sent the event.
func (e *Event) SID() string {
	return read(e, func(c *C.kn_event) string { return C.GoString(C.kn_event_sid(c)) })
}

// Data is a copy of the payload, byte for byte as it came. From a broker it is a JSON object.
func (e *Event) Data() []byte {
	return read(e, func(c *C.kn_event) []byte {
		var length C.size_t
		data := C.kn_event_data(c, &length)
		return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(data)), length)...)
	})
}

// Decode reads the payload into value, as json.Unmarshal does.
func (e *Event) Decode(value any) error { return json.Unmarshal(e.Data(), value) }

func (e *Event) answer(op string, call func(*C.kn_event) C.kn_status) error {
	event := e.handle.enter()
	if event == nil {
		return ErrClosed
	}
	defer e.handle.leave()
	return checked(op, call(event), nil)
}

// Ack acknowledges the event: it was dealt with. Run and Dispatch do so for a handler that returns
// nil. ErrState: it was answered already; ErrClosed: too late, it is delivered again.
func (e *Event) Ack() error {
	return e.answer("ack", func(c *C.kn_event) C.kn_status { return C.kn_event_ack(c) })
}

// Nack gives the event back: it is to be delivered again after the delay. ErrState: it was answered
// already, or delivery is at most once.
func (e *Event) Nack(delay time.Duration) error {
	return e.answer("nack", func(c *C.kn_event) C.kn_status {
		if delay < 0 {
			return C.KN_EINVAL
		}
		return C.kn_event_nack(c, milliseconds(delay))
	})
}

// Decline gives the event back because this program has nothing for it, which does not count
// against it. As Nack.
func (e *Event) Decline(delay time.Duration) error {
	return e.answer("decline", func(c *C.kn_event) C.kn_status {
		if delay < 0 {
			return C.KN_EINVAL
		}
		return C.kn_event_decline(c, milliseconds(delay))
	})
}

// Extend asks for more time: the broker's deadline for the answer begins anew. As Nack.
func (e *Event) Extend() error {
	return e.answer("extend", func(c *C.kn_event) C.kn_status { return C.kn_event_extend(c) })
}

// retryDelay is for how long an event is given back that a handler has failed with: longer each
// time, so that a database that is away for half a minute makes no dead letters.
func (e *Event) retryDelay() time.Duration {
	delays := [...]time.Duration{time.Second, 5 * time.Second, 20 * time.Second, time.Minute}
	nth := e.Attempt() - 1
	if nth < 0 {
		nth = 0
	}
	if nth >= len(delays) {
		nth = len(delays) - 1
	}
	return delays[nth]
}

// Defer says, in the handler, that the answer comes later; Retain the event for that. ErrState:
// this is not the event's handler.
func (e *Event) Defer() error {
	if e.handling.isUnderWay.Load() {
		e.handling.isDeferred.Store(true)
		return nil
	}
	return e.answer("defer", func(c *C.kn_event) C.kn_status { return C.kn_event_defer(c) })
}
