package kosmonaut

// #include <kosmonaut/kosmonaut.h>
import "C"

import (
	"errors"
	"fmt"
	"time"
)

// Status says how a call ended. It is an error, for errors.Is:
//
//	if errors.Is(err, kosmonaut.ErrNoChannel) { … }
//
// Releases of the library add statuses; errors of a status without a name here are found with
// errors.As and [Error].
type Status int32

// What is not a failure, but brought nothing.
const (
	// ErrAgain: nothing was ready.
	ErrAgain Status = C.KN_AGAIN
	// ErrClosed: the handle was closed, or the server ended the stream for good.
	ErrClosed Status = C.KN_CLOSED
	// ErrInterrupted: Interrupt woke the call.
	ErrInterrupted Status = C.KN_INTERRUPTED
)

// Failures; docs/errors.md says of each when it comes and what to do.
const (
	ErrInvalid      Status = C.KN_EINVAL
	ErrNoMemory     Status = C.KN_ENOMEM
	ErrJSON         Status = C.KN_EJSON
	ErrTooBig       Status = C.KN_ETOOBIG
	ErrConnect      Status = C.KN_ECONNECT
	ErrTLS          Status = C.KN_ETLS
	ErrTimeout      Status = C.KN_ETIMEOUT
	ErrIO           Status = C.KN_EIO
	ErrProtocol     Status = C.KN_EPROTOCOL
	ErrBadRequest   Status = C.KN_EBADREQUEST
	ErrUnauthorized Status = C.KN_EUNAUTHORIZED
	ErrForbidden    Status = C.KN_EFORBIDDEN
	ErrNoVhost      Status = C.KN_ENOVHOST
	ErrNoChannel    Status = C.KN_ENOCHANNEL
	ErrBadChannel   Status = C.KN_EBADCHANNEL
	ErrRateLimit    Status = C.KN_ERATELIMIT
	ErrUnavailable  Status = C.KN_EUNAVAILABLE
	ErrServer       Status = C.KN_ESERVER
	ErrConflict     Status = C.KN_ECONFLICT
	ErrReplaced     Status = C.KN_EREPLACED
	ErrNoGroup      Status = C.KN_ENOGROUP
	ErrState        Status = C.KN_ESTATE
	ErrFork         Status = C.KN_EFORK
	ErrFull         Status = C.KN_EFULL
	ErrInternal     Status = C.KN_EINTERNAL
)

// Name is the status' name in C, for logs: "KN_ENOCHANNEL".
func (s Status) Name() string { return C.GoString(C.kn_status_name(C.kn_status(s))) }

// Error is a sentence for people; its wording may change.
func (s Status) Error() string { return C.GoString(C.kn_status_message(C.kn_status(s))) }

// IsRetriable says whether the same call may well succeed if it is made again later. After
// ErrTimeout and ErrIO the call may have been carried out.
func (s Status) IsRetriable() bool { return C.kn_status_is_retriable(C.kn_status(s)) != 0 }

// NoRetryAfter is the RetryAfter of an Error when the server did not ask for a wait.
const NoRetryAfter time.Duration = -1

// Error is a call that failed, with all that is known of it. errors.Is compares its Status.
type Error struct {
	Op         string        // the call, such as "trigger"
	Status     Status        // below 0
	Message    string        // for a person or a log; never holds the vhost's token
	HTTPStatus int           // of the server's answer, such as 404; 0: there was none
	ServerCode int           // the broker's own number, such as 454; 0: it gave none
	RetryAfter time.Duration // how long the server asks to wait; NoRetryAfter: it did not say
}

// Error is the message, with the call and the status' name before it.
func (e *Error) Error() string {
	return fmt.Sprintf("kosmonaut: %s: %s: %s", e.Op, e.Status.Name(), e.Message)
}

// Unwrap is what makes errors.Is(err, kosmonaut.ErrNoChannel) work.
func (e *Error) Unwrap() error { return e.Status }

// errorOf copies the details of a failure, which stay the library's.
func errorOf(op string, details *C.kn_error) *Error {
	e := &Error{
		Op:         op,
		Status:     Status(C.kn_error_status(details)),
		Message:    C.GoString(C.kn_error_message(details)),
		HTTPStatus: int(C.kn_error_http_status(details)),
		ServerCode: int(C.kn_error_server_code(details)),
		RetryAfter: NoRetryAfter,
	}
	if ms := C.kn_error_retry_after_ms(details); ms >= 0 {
		e.RetryAfter = time.Duration(ms) * time.Millisecond
	}
	return e
}

// checked turns what a call left behind into an error: nil for KN_OK, the bare status above 0.
func checked(op string, status C.kn_status, details *C.kn_error) error {
	switch {
	case status == C.KN_OK:
		return nil
	case status > 0:
		return Status(status)
	case details == nil:
		return statusError(op, Status(status))
	}
	defer C.kn_error_free(details)
	return errorOf(op, details)
}

func statusError(op string, status Status) *Error {
	return &Error{Op: op, Status: status, Message: status.Error(), RetryAfter: NoRetryAfter}
}

// isStatus is errors.Is without the search, for statuses that are returned bare.
func isStatus(err error, status Status) bool {
	var found Status
	return errors.As(err, &found) && found == status
}
