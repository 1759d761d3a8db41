package kosmonaut

// #include <kosmonaut/kosmonaut.h>
// #include "bridge.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime/cgo"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Handler deals with an event. The event is closed when its last handler has returned; Retain keeps
// it. An error goes to the function of OnHandlerError; without one it ends Run and comes out of it,
// and a panic does the same. The event is given back to the broker in any case, which matters where
// delivery is at least once.
type Handler func(*Event) error

// WorkerState is what a worker is doing.
type WorkerState int32

const (
	WorkerIdle       WorkerState = C.KN_WORKER_IDLE       // not used yet
	WorkerConnecting WorkerState = C.KN_WORKER_CONNECTING // until the answer's head is there
	WorkerConnected  WorkerState = C.KN_WORKER_CONNECTED  // the stream is open
	WorkerWaiting    WorkerState = C.KN_WORKER_WAITING    // between two tries
	WorkerClosing    WorkerState = C.KN_WORKER_CLOSING    // closing has not finished
	WorkerClosed     WorkerState = C.KN_WORKER_CLOSED     // closed, ended, or failed for good
)

var stateNames = [...]string{"idle", "connecting", "connected", "waiting", "closing", "closed"}

// String is the state's name, such as "connected".
func (s WorkerState) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("state %d", int32(s))
	}
	return stateNames[s]
}

// Worker receives the events that browsers send. It connects on first use, and keeps itself
// connected. It has no goroutine of its own: everything happens in Next, Poll, Run and Dispatch,
// which one goroutine at a time may be in. Interrupt, Shutdown, Close and the figures are for all.
type Worker struct {
	isManual bool // WithoutAutoAck
	handle   *handle[C.kn_worker]
	failures *failures
	seat     atomic.Bool // somebody is in Next, Poll, Run or Dispatch
	wanted   atomic.Bool // an interrupt of the user that no call has reported

	mu      sync.Mutex
	routes  []route
	onError func(*Error)

	onHandlerError func(error, *Event)
}

type route struct {
	pattern, channel, event string
	handler                 Handler
}

// covers is what kn_worker_on() says of patterns.
func (r *route) covers(channel, event string) bool {
	if r.channel != "*" && r.channel != channel {
		return false
	}
	if r.event == "*" {
		return !strings.HasPrefix(event, ":")
	}
	return r.event == event
}

// NewWorker makes a worker; nothing is sent before its first use. The URL is as for NewClient.
// ErrNoMemory: out of memory or descriptors.
func NewWorker(url string, options ...Option) (*Worker, error) {
	var worker *C.kn_worker
	err := construct("new worker", url, options,
		func(url *C.char, options *C.kn_options, details **C.kn_error) C.kn_status {
			return C.kn_worker_new(url, options, &worker, details)
		})
	if err != nil {
		return nil, err
	}
	return &Worker{
		handle:   newHandle(worker, func(w *C.kn_worker) { C.kn_worker_free(w) }),
		failures: &failures{worker: worker},
		isManual: isManual(options),
	}, nil
}

func (w *Worker) call(op string, call func(*C.kn_worker, **C.kn_error) C.kn_status) error {
	worker := w.handle.enter()
	if worker == nil {
		return ErrClosed
	}
	defer w.handle.leave()
	var details *C.kn_error
	status := call(worker, &details)
	return checked(op, status, details)
}

// On gives the events that match a pattern, `channel/event`, a handler. Either part may be `*`,
// which stands for anything but events that begin with a colon. All handlers that match run, the
// oldest pattern first; a second handler for a pattern replaces the first, nil removes it.
//
// The worker asks the broker for what its handlers cover, unless WithFilter says otherwise. So a
// new pattern has to come before the first use. ErrInvalid: not a pattern; ErrState: a new pattern
// after the first use, or a goroutine waits in the worker. Handlers may call it.
func (w *Worker) On(pattern string, handler Handler) error {
	const op = "on"
	text, free, err := cStrings(op, pattern)
	if err != nil {
		return err
	}
	defer free()
	w.mu.Lock()
	defer w.mu.Unlock()
	// The library knows the pattern for the filter alone, and judges it.
	err = w.call(op, func(worker *C.kn_worker, details **C.kn_error) C.kn_status {
		if handler == nil {
			return C.kn_go_worker_uncover(worker, text[0], details)
		}
		return C.kn_go_worker_cover(worker, text[0], details)
	})
	if err != nil {
		return err
	}
	w.routes = routesWith(w.routes, pattern, handler)
	return nil
}

// routesWith makes a new list, since the old one may be in use.
func routesWith(before []route, pattern string, handler Handler) []route {
	routes := append([]route(nil), before...)
	for i := range routes {
		if routes[i].pattern == pattern {
			routes[i].handler = handler
			return routes
		}
	}
	channel, event, _ := strings.Cut(pattern, "/")
	return append(routes, route{pattern, channel, event, handler})
}

// OnError hears of failures that the worker retries by itself, on the goroutine that is in the
// worker; nil removes it. A panic comes out of the call. ErrState: another goroutine is in the
// worker.
func (w *Worker) OnError(fn func(*Error)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.call("on error", func(worker *C.kn_worker, details **C.kn_error) C.kn_status {
		if fn == nil {
			return C.kn_go_worker_on_error(worker, 0, details)
		}
		// From here on the library deletes it, also when the call fails.
		handle := cgo.NewHandle(w.failures)
		return C.kn_go_worker_on_error(worker, C.uintptr_t(handle), details)
	})
	if err == nil {
		w.onError = fn
	}
	return err
}

// tellFailures calls the error handler for what the library has told of.
func (w *Worker) tellFailures() {
	w.mu.Lock()
	fn := w.onError
	w.mu.Unlock()
	for _, failure := range w.failures.take() {
		if fn != nil {
			fn(failure)
		}
	}
}

// takeSeat makes this goroutine the worker's driver. A handler's goroutine is that already.
func (w *Worker) takeSeat(op string) error {
	if w.seat.Swap(true) {
		return statusError(op, ErrState)
	}
	return nil
}

// Next waits for the next event; it does not look at handlers. The caller closes the event, or
// leaves it to the collector.
//
// It returns the context's error when that ends the wait, which loses no event; ErrClosed after
// Close or Shutdown; ErrInterrupted; ErrState: another goroutine or a handler is in the worker; or
// a fatal failure, once: ErrUnauthorized, ErrForbidden, ErrNoVhost, ErrBadRequest or ErrServer.
func (w *Worker) Next(ctx context.Context) (*Event, error) {
	if err := w.takeSeat("next"); err != nil {
		return nil, err
	}
	defer w.seat.Store(false)
	defer interruptWhen(ctx, w.wake)()
	return w.next(ctx, -1)
}

// Poll is the next event if one is there, and otherwise ErrAgain. It never waits.
func (w *Worker) Poll() (*Event, error) {
	if err := w.takeSeat("poll"); err != nil {
		return nil, err
	}
	defer w.seat.Store(false)
	return w.next(context.Background(), 0)
}

// next is for whoever has the seat, and sees to it that the context's end interrupts the worker.
func (w *Worker) next(ctx context.Context, timeout C.int64_t) (*Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var event *C.kn_event
		err := w.call("next", func(worker *C.kn_worker, details **C.kn_error) C.kn_status {
			return C.kn_worker_next(worker, timeout, &event, details)
		})
		switch {
		case err == nil:
			// Failures have interrupted the next call, and are told there.
			return newEvent(event, &handling{}), nil
		case !isStatus(err, ErrInterrupted):
			w.tellFailures()
			return nil, err
		}
		w.tellFailures()
		if w.wanted.Swap(false) {
			return nil, ErrInterrupted
		}
		// A failure, the context's end, or an interrupt left over from an earlier one.
	}
}

// Run hands events to their handlers until the context ends, the worker is closed or interrupted, a
// handler fails and OnHandlerError does not hear of it, or the worker has failed for good; what it
// returns says which: see Next. It is never nil. ErrState: there are no handlers, too.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.takeSeat("run"); err != nil {
		return err
	}
	defer w.seat.Store(false)
	if !w.hasHandlers() {
		// The library refuses, or says what goes before that.
		return w.call("run", func(worker *C.kn_worker, details **C.kn_error) C.kn_status {
			return C.kn_worker_run(worker, details)
		})
	}
	defer interruptWhen(ctx, w.wake)()
	for {
		event, err := w.next(ctx, -1)
		if err == nil {
			err = w.handOver(event)
		}
		if err != nil {
			return err
		}
	}
}

// Dispatch hands what is ready to its handlers, without waiting, for a loop that watches FD. nil:
// an event was handed over, there may be more; ErrAgain: nothing was ready; otherwise as Run.
func (w *Worker) Dispatch() error {
	if err := w.takeSeat("dispatch"); err != nil {
		return err
	}
	defer w.seat.Store(false)
	if !w.hasHandlers() {
		return w.call("dispatch", func(worker *C.kn_worker, details **C.kn_error) C.kn_status {
			return C.kn_worker_dispatch(worker, details)
		})
	}
	event, err := w.next(context.Background(), 0)
	if err != nil {
		return err
	}
	return w.handOver(event)
}

// OnHandlerError hears of the errors that handlers return, and of their panics, each as an error, and
// of the event, which is open until it returns; the worker then goes on with the next event. nil
// removes it: then what a page sends can end the worker. A panic of its own comes out of the call.
func (w *Worker) OnHandlerError(fn func(error, *Event)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onHandlerError = fn
}

// PanicError is a handler's panic, as OnHandlerError hears of it.
type PanicError struct {
	Value any    // what the handler panicked with
	Stack []byte // where
}

func (p *PanicError) Error() string {
	return fmt.Sprintf("a handler panicked: %v", p.Value)
}

// called is what a handler returns or panics with.
func called(handler Handler, event *Event) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &PanicError{value, debug.Stack()}
		}
	}()
	return handler(event)
}

func (w *Worker) currentRoutes() []route {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.routes
}

func (w *Worker) hasHandlers() bool {
	for _, route := range w.currentRoutes() {
		if route.handler != nil {
			return true
		}
	}
	return false
}

// handOver answers an event as its handlers want, also when one panics.
func (w *Worker) handOver(event *Event) error {
	isDone := false
	event.handling.isUnderWay.Store(true)
	defer func() {
		event.handling.isUnderWay.Store(false)
		switch {
		case !isDone:
			_ = event.Nack(event.retryDelay()) // at most once there is nothing to give back
		case !w.isManual && !event.handling.isDeferred.Load():
			_ = event.Ack() // unless it has its answer
		}
		event.Close()
	}()
	w.mu.Lock()
	hear := w.onHandlerError
	w.mu.Unlock()
	channel, name := event.Channel(), event.Name()
	isCovered := false
	for _, route := range w.currentRoutes() {
		if route.handler == nil || !route.covers(channel, name) {
			continue
		}
		isCovered = true
		if hear == nil {
			if err := route.handler(event); err != nil {
				return err
			}
		} else if err := called(route.handler, event); err != nil {
			hear(err, event)
			return nil
		}
		if w.State() >= WorkerClosing {
			break // a handler closed the worker: the rest of them are not called
		}
	}
	if !isCovered {
		_ = event.Decline(time.Second) // for another worker to have; at most once, that does nothing
	}
	isDone = true
	return nil
}

// FD is a descriptor, the same for the worker's whole life, that is readable when Poll or Dispatch
// would do or tell something; -1 when the worker was closed. It is the library's: poll a dup of it,
// for reading only. os.NewFile wants O_NONBLOCK set on the dup.
func (w *Worker) FD() int {
	worker := w.handle.enter()
	if worker == nil {
		return -1
	}
	defer w.handle.leave()
	return int(C.kn_worker_fd(worker))
}

// Interrupt makes the call that is in the worker, or else the next one, return ErrInterrupted. It
// loses no event. Several before that are one.
func (w *Worker) Interrupt() error {
	w.wanted.Store(true)
	return w.interrupt()
}

func (w *Worker) interrupt() error {
	return w.call("interrupt", func(worker *C.kn_worker, _ **C.kn_error) C.kn_status {
		return C.kn_worker_interrupt(worker)
	})
}

// wake is an interrupt for the package's own purposes.
func (w *Worker) wake() { _ = w.interrupt() }

// closingSlice is how long the end of Shutdown's context may go unnoticed.
const closingSlice = 50 * time.Millisecond

// Shutdown closes the worker, and waits until the connection is gone, the library's own time limit
// (the request timeout) has run out, or the context has ended. Run and Next return ErrClosed; a
// handler that is running goes on: wait for your own goroutine. Close has to follow.
func (w *Worker) Shutdown(ctx context.Context) error {
	for {
		err := w.closeWithin(closingSlice)
		if !isStatus(err, ErrAgain) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func (w *Worker) closeWithin(limit time.Duration) error {
	err := w.call("close", func(worker *C.kn_worker, details **C.kn_error) C.kn_status {
		return C.kn_worker_close(worker, milliseconds(limit), details)
	})
	if isStatus(err, ErrClosed) {
		return nil
	}
	return err
}

// Close closes the worker at once, without waiting, and frees it. Who is inside returns ErrClosed.
func (w *Worker) Close() error {
	err := w.closeWithin(0)
	w.handle.close()
	var failure *Error
	if errors.As(err, &failure) {
		return err
	}
	return nil
}

func workerFigure[T any](w *Worker, getter func(*C.kn_worker) T) (value T) {
	if worker := w.handle.enter(); worker != nil {
		defer w.handle.leave()
		return getter(worker)
	}
	return value
}

// State is what the worker is doing.
func (w *Worker) State() WorkerState {
	worker := w.handle.enter()
	if worker == nil {
		return WorkerClosed
	}
	defer w.handle.leave()
	return WorkerState(C.kn_worker_state(worker))
}

// Events is how many events were handed over.
func (w *Worker) Events() int64 {
	return workerFigure(w, func(p *C.kn_worker) int64 { return int64(C.kn_worker_events(p)) })
}

// Bytes is how many bytes of the stream were received.
func (w *Worker) Bytes() int64 {
	return workerFigure(w, func(p *C.kn_worker) int64 { return int64(C.kn_worker_bytes(p)) })
}

// Reconnects is how many times the stream was opened again after the first time.
func (w *Worker) Reconnects() int64 {
	return workerFigure(w, func(p *C.kn_worker) int64 { return int64(C.kn_worker_reconnects(p)) })
}

// Lag is how long the oldest of what was received and not handed over has been waiting.
func (w *Worker) Lag() time.Duration {
	return workerFigure(w, func(p *C.kn_worker) time.Duration {
		return time.Duration(C.kn_worker_lag_ms(p)) * time.Millisecond
	})
}

// LastError is the failure that ended a connection, or the try for one, last; nil: none has.
func (w *Worker) LastError() *Error {
	return workerFigure(w, func(p *C.kn_worker) *Error {
		details := C.kn_worker_last_error(p)
		if details == nil {
			return nil
		}
		defer C.kn_error_free(details)
		return errorOf("worker", details)
	})
}

// Stats has all figures in one JSON text.
func (w *Worker) Stats() (string, error) {
	var text *C.char
	err := w.call("stats", func(worker *C.kn_worker, details **C.kn_error) C.kn_status {
		return C.kn_worker_stats(worker, &text, details)
	})
	return takeString(text), err
}
