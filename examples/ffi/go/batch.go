package kosmonaut

// #include <kosmonaut/kosmonaut.h>
import "C"

import (
	"encoding/json"
	"fmt"
	"unsafe"
)

// Batch holds triggers that go out in one request. It is used by one goroutine at a time.
type Batch struct {
	handle *handle[C.kn_batch]
}

// NewBatch makes an empty batch.
func NewBatch() (*Batch, error) {
	batch := C.kn_batch_new()
	if batch == nil {
		return nil, statusError("batch", ErrNoMemory)
	}
	return &Batch{newHandle(batch, func(b *C.kn_batch) { C.kn_batch_free(b) })}, nil
}

// Close frees the batch. Calls that were given it have their own copy.
func (b *Batch) Close() error {
	b.handle.close()
	return nil
}

// Add adds a trigger behind those that are there; channel, event and data are as for
// [Client.Trigger]. Unless it returns nil, nothing was added.
func (b *Batch) Add(channel, event string, data any) error {
	batch := b.handle.enter()
	if batch == nil {
		return ErrClosed
	}
	defer b.handle.leave()
	// By its place: what was given for a name may be a token that went astray.
	op := fmt.Sprintf("batch add: trigger %d", int(C.kn_batch_count(batch))+1)
	texts, free, err := cStrings(op, channel, event)
	if err != nil {
		return err
	}
	defer free()
	payload, err := payloadOf(data)
	if err != nil {
		return err
	}
	bytes, length := payload.c()
	status := C.kn_batch_add(batch, texts[0], texts[1], bytes, length)
	return checked(op, status, nil)
}

// Len is how many triggers the batch holds.
func (b *Batch) Len() int {
	batch := b.handle.enter()
	if batch == nil {
		return 0
	}
	defer b.handle.leave()
	return int(C.kn_batch_count(batch))
}

// Clear takes all triggers out, so that the batch can be filled anew.
func (b *Batch) Clear() {
	if batch := b.handle.enter(); batch != nil {
		defer b.handle.leave()
		C.kn_batch_clear(batch)
	}
}

// Result is how a call ended.
type Result struct {
	// Err is nil, or the call's *Error; where every trigger of a batch has an outcome of its own,
	// the first that failed.
	Err error
	// Token is the single access token, if one was asked for.
	Token string
	Pages
	// Items has the outcome of each trigger of a batch; nil when the batch as a whole failed.
	Items []error
}

// resultOf copies a result, which stays the library's.
func resultOf(result *C.kn_result) *Result {
	outcome := &Result{
		Token: C.GoString(C.kn_result_token(result)),
		Pages: pagesOf(result),
	}
	outcome.Err = outcomeOf(C.kn_result_status(result), C.kn_result_error(result))
	count := C.kn_result_count(result)
	for i := C.size_t(0); i < count; i++ {
		outcome.Items = append(outcome.Items,
			outcomeOf(C.kn_result_item_status(result, i), C.kn_result_item_error(result, i)))
	}
	return outcome
}

func outcomeOf(status C.kn_status, details *C.kn_error) error {
	switch {
	case status == C.KN_OK:
		return nil
	case details == nil:
		return statusError("request", Status(status))
	}
	return errorOf("request", details)
}

// payload is a JSON text, or nil for none.
type payload []byte

// payloadOf takes nil, JSON text ([]byte, json.RawMessage), or a value to be marshalled.
func payloadOf(data any) (payload, error) {
	switch data := data.(type) {
	case nil:
		return nil, nil
	case []byte:
		return data, nil
	case json.RawMessage:
		return payload(data), nil
	}
	return json.Marshal(data)
}

// nothing stands for an empty text: only NULL stands for no text at all.
var nothing = [1]byte{}

func (p payload) c() (*C.char, C.size_t) {
	switch {
	case p == nil:
		return nil, 0
	case len(p) == 0:
		return (*C.char)(unsafe.Pointer(&nothing[0])), 0
	}
	return (*C.char)(unsafe.Pointer(&p[0])), C.size_t(len(p))
}
