package kosmonaut

// #include <kosmonaut/kosmonaut.h>
import "C"

import (
	"runtime/cgo"
	"sync"
)

// panics keeps what a callback panicked with until the call that ran it has returned: a panic must
// not unwind the frames of C. Only the first one counts; the others are likely to follow from it.
type panics struct {
	mu   sync.Mutex
	kept any
}

func (p *panics) keep(value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = value
	}
}

// raise panics with what was kept, in Go's own frames.
func (p *panics) raise() {
	p.mu.Lock()
	kept := p.kept
	p.kept = nil
	p.mu.Unlock()
	if kept != nil {
		panic(kept)
	}
}

// failures are what the worker has retried, until Go's own frames tell the error handler. The
// library holds this, and not the handler: that may close over the worker, which cgo's table of
// handles would keep for ever.
type failures struct {
	mu     sync.Mutex
	kept   []*Error
	worker *C.kn_worker // for use inside the worker's own calls alone
}

func (f *failures) keep(failure *Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = append(f.kept, failure)
}

func (f *failures) take() []*Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := f.kept
	f.kept = nil
	return kept
}

type completion struct {
	fn     func(*Result)
	panics *panics
}

//export kosmonautLog
func kosmonautLog(level C.int32_t, line *C.char, handle C.uintptr_t) {
	defer func() { _ = recover() }()
	log := cgo.Handle(handle).Value().(func(LogLevel, string))
	log(LogLevel(level), C.GoString(line))
}

//export kosmonautError
func kosmonautError(details *C.kn_error, handle C.uintptr_t) {
	failures := cgo.Handle(handle).Value().(*failures)
	failures.keep(errorOf("worker", details))
	// The wait goes on otherwise, and nobody would be told.
	C.kn_worker_interrupt(failures.worker)
}

//export kosmonautCompletion
func kosmonautCompletion(result *C.kn_result, handle C.uintptr_t) {
	callback := cgo.Handle(handle).Value().(*completion)
	defer func() {
		if value := recover(); value != nil {
			callback.panics.keep(value)
		}
	}()
	callback.fn(resultOf(result))
}

//export kosmonautDestroy
func kosmonautDestroy(handle C.uintptr_t) { cgo.Handle(handle).Delete() }
