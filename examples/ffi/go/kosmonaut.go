// Package kosmonaut talks with the browsers of an application through a WebRocket broker.
//
// A [Client] opens channels, triggers events on them and asks for the single access tokens with
// which browsers authenticate. A [Worker] receives what browsers send. Both are used by any number
// of goroutines at once, but for the worker's Next, Poll, Run and Dispatch: those belong to one
// goroutine at a time.
//
// # Waiting
//
// A call that waits occupies a thread of the operating system, since the wait happens in C. It ends
// with its context: a worker's wait ends at once, a client's request is left to itself and runs to
// the end of its time limit, after the caller has been told of the context's error. So a request
// that was cancelled may have been carried out.
//
// # Lifetime
//
// Close gives memory and descriptors back. What is not closed is closed when it is collected; since
// the collector counts memory and not descriptors, a program that makes many handles closes them.
// Close is safe beside other calls: the handle goes when the last of them has returned.
package kosmonaut

// #cgo pkg-config: kosmonaut
// #include <kosmonaut/kosmonaut.h>
// #include <stdlib.h>
import "C"

import (
	"math"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Forever, as a time limit, is none.
const Forever time.Duration = -1

// Version is the version of the C library that is loaded, such as "1.0.0".
func Version() string { return C.GoString(C.kn_version()) }

// VersionNumber is the version of the C library that is loaded as 0xMMmmpp; newer is greater.
func VersionNumber() int { return int(C.kn_version_number()) }

// handle owns one object of the library. Calls hold it while they are inside, so that it is freed
// after the last of them and never before. It refers to nothing in Go: a cycle through an object
// with a finalizer would never be collected.
type handle[T any] struct {
	mu       sync.Mutex
	object   *T
	users    int
	isClosed bool
	free     func(*T)
}

func newHandle[T any](object *T, free func(*T)) *handle[T] {
	h := &handle[T]{object: object, free: free}
	runtime.SetFinalizer(h, (*handle[T]).close)
	return h
}

// enter answers nil when the handle was closed; otherwise leave has to follow.
func (h *handle[T]) enter() *T {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.isClosed {
		return nil
	}
	h.users++
	return h.object
}

func (h *handle[T]) leave() {
	h.mu.Lock()
	h.users--
	isLast := h.isClosed && h.users == 0
	h.mu.Unlock()
	if isLast {
		h.free(h.object)
	}
}

func (h *handle[T]) close() {
	h.mu.Lock()
	isLast := !h.isClosed && h.users == 0
	h.isClosed = true
	h.mu.Unlock()
	runtime.SetFinalizer(h, nil)
	if isLast {
		h.free(h.object)
	}
}

// cString copies a text for C, where a NUL would cut it short. The caller frees it.
func cString(op, text string) (*C.char, error) {
	if strings.IndexByte(text, 0) >= 0 {
		return nil, &Error{Op: op, Status: ErrInvalid, Message: "a NUL in a text",
			RetryAfter: NoRetryAfter}
	}
	return C.CString(text), nil
}

// cStrings is cString for several texts, all of which the returned function frees.
func cStrings(op string, texts ...string) ([]*C.char, func(), error) {
	copies := make([]*C.char, 0, len(texts))
	free := func() {
		for _, text := range copies {
			C.free(unsafe.Pointer(text))
		}
	}
	for _, text := range texts {
		text, err := cString(op, text)
		if err != nil {
			free()
			return nil, nil, err
		}
		copies = append(copies, text)
	}
	return copies, free, nil
}

// takeString turns a text that the library handed over into one of Go's.
func takeString(text *C.char) string {
	defer C.kn_string_free(text)
	return C.GoString(text)
}

// milliseconds rounds up, so that a short wait does not become none.
func milliseconds(d time.Duration) C.int64_t {
	if d == Forever {
		return -1
	}
	if d < 0 {
		return -2 // which the library refuses
	}
	if d > math.MaxInt64-time.Millisecond {
		return C.int64_t(d / time.Millisecond)
	}
	return C.int64_t((d + time.Millisecond - 1) / time.Millisecond)
}
