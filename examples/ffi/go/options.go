package kosmonaut

// #include <kosmonaut/kosmonaut.h>
// #include <stdlib.h>
// #include "bridge.h"
import "C"

import (
	"runtime/cgo"
	"time"
	"unsafe"
)

// Option sets something that has a default. Clients and workers ignore those they have no use for.
type Option struct {
	name  string
	apply func(*C.kn_options) C.kn_status
}

const withoutAutoAck = "WithoutAutoAck"

// LogLevel is how much a log wants to hear; a level includes those before it.
type LogLevel int32

const (
	// LogError: something is broken and stays so until a person acts.
	LogError LogLevel = C.KN_LOG_ERROR
	// LogWarning: something failed and is being dealt with.
	LogWarning LogLevel = C.KN_LOG_WARNING
	// LogInfo: connected, reconnecting, closed.
	LogInfo LogLevel = C.KN_LOG_INFO
	// LogDebug: for someone who looks for a mistake.
	LogDebug LogLevel = C.KN_LOG_DEBUG
)

func timeOption(name string, limit time.Duration,
	set func(*C.kn_options, C.int64_t) C.kn_status) Option {
	return Option{name, func(o *C.kn_options) C.kn_status { return set(o, milliseconds(limit)) }}
}

func textOption(name string, text string, set func(*C.kn_options, *C.char) C.kn_status) Option {
	return Option{name, func(o *C.kn_options) C.kn_status {
		copies, free, err := cStrings(name, text)
		if err != nil {
			return C.KN_EINVAL
		}
		defer free()
		return set(o, copies[0])
	}}
}

// WithConnectTimeout limits connecting: the name's resolution, TCP and TLS together. The default is
// 5 s.
func WithConnectTimeout(limit time.Duration) Option {
	return timeOption("WithConnectTimeout", limit,
		func(o *C.kn_options, ms C.int64_t) C.kn_status {
			return C.kn_options_set_connect_timeout_ms(o, ms)
		})
}

// WithRequestTimeout limits a client's call in all, connecting included. The default is 10 s.
func WithRequestTimeout(limit time.Duration) Option {
	return timeOption("WithRequestTimeout", limit,
		func(o *C.kn_options, ms C.int64_t) C.kn_status {
			return C.kn_options_set_request_timeout_ms(o, ms)
		})
}

// WithIdleTimeout is how long a worker's stream may be silent before it is made anew. The broker's
// heartbeats come every 15 s. The default is 45 s.
func WithIdleTimeout(limit time.Duration) Option {
	return timeOption("WithIdleTimeout", limit,
		func(o *C.kn_options, ms C.int64_t) C.kn_status {
			return C.kn_options_set_idle_timeout_ms(o, ms)
		})
}

// WithReconnectDelay bounds how long a worker waits before it connects again; the wait doubles with
// each failure. The default is 1 s to 30 s.
func WithReconnectDelay(min, max time.Duration) Option {
	return Option{"WithReconnectDelay", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_reconnect_delay_ms(o, milliseconds(min), milliseconds(max))
	}}
}

// WithFilter is a regular expression (RE2's syntax) that has to match a topic as a whole for the
// worker to be sent its events; "" asks for every topic. Without it a worker asks for what its
// handlers cover.
func WithFilter(regex string) Option {
	return textOption("WithFilter", regex, func(o *C.kn_options, text *C.char) C.kn_status {
		return C.kn_options_set_filter(o, text)
	})
}

// WithMaxEventSize is how many bytes an event may have that a worker accepts. The default is
// 16 MiB.
func WithMaxEventSize(bytes int64) Option {
	return Option{"WithMaxEventSize", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_max_event_size(o, C.int64_t(bytes))
	}}
}

// WithMaxResponseSize is how many bytes an answer may have that a client accepts. The default is
// 1 MiB.
func WithMaxResponseSize(bytes int64) Option {
	return Option{"WithMaxResponseSize", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_max_response_size(o, C.int64_t(bytes))
	}}
}

// WithMaxConnections is how many connections a client opens at most, 1 to 1024. The default is 32.
// A call that finds all of them in use waits for one.
func WithMaxConnections(count int32) Option {
	return Option{"WithMaxConnections", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_max_connections(o, C.int32_t(count))
	}}
}

// WithMaxPending is how many calls may be handed in and not have ended. The default is 10 000.
func WithMaxPending(count int32) Option {
	return Option{"WithMaxPending", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_max_pending(o, C.int32_t(count))
	}}
}

// WithRetries is how often a client's call is tried again; 0: never. It has one effect, however often
// it was tried. The default is 4.
func WithRetries(count int32) Option {
	return Option{"WithRetries", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_retries(o, C.int32_t(count))
	}}
}

// Delivery is whether a worker loses events that it was sent, or gets some again.
type Delivery int32

const (
	// AtMostOnce: an event is sent once, and may be lost.
	AtMostOnce Delivery = C.KN_AT_MOST_ONCE
	// AtLeastOnce: an event is sent until it is acknowledged.
	AtLeastOnce Delivery = C.KN_AT_LEAST_ONCE
)

// WithDelivery says which; AtLeastOnce takes WithGroup.
func WithDelivery(delivery Delivery) Option {
	return Option{"WithDelivery", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_delivery(o, C.int32_t(delivery))
	}}
}

// WithGroup is the group whose events a worker shares, at least once.
func WithGroup(name string) Option {
	return textOption("WithGroup", name, func(o *C.kn_options, text *C.char) C.kn_status {
		return C.kn_options_set_group(o, text)
	})
}

// WithWindow is how many events a worker has unacknowledged at most, 1 to 10 000. The default is
// 256.
func WithWindow(count int32) Option {
	return Option{"WithWindow", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_window(o, C.int32_t(count))
	}}
}

// Order is the key of which a group's workers deal with one event at a time.
type Order int32

const (
	// OrderNone: none.
	OrderNone Order = C.KN_ORDER_NONE
	// OrderSID: the session that sent it.
	OrderSID Order = C.KN_ORDER_SID
	// OrderUID: the user who sent it.
	OrderUID Order = C.KN_ORDER_UID
	// OrderChannel: the channel.
	OrderChannel Order = C.KN_ORDER_CHANNEL
)

// WithOrder asks for an order; the default is the group's.
func WithOrder(order Order) Option {
	return Option{"WithOrder", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_order(o, C.int32_t(order))
	}}
}

// WithoutAutoAck has a handler's nil say nothing: Event.Ack alone acknowledges, at least once.
func WithoutAutoAck() Option {
	return Option{withoutAutoAck, func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_auto_ack(o, 0)
	}}
}

func isManual(options []Option) bool {
	for _, option := range options {
		if option.name == withoutAutoAck {
			return true
		}
	}
	return false
}

// WithWorkerName is the name under which the broker lists a worker: 1 to 64 letters, digits, `_`,
// `-` and `.`.
func WithWorkerName(name string) Option {
	return textOption("WithWorkerName", name, func(o *C.kn_options, text *C.char) C.kn_status {
		return C.kn_options_set_worker_name(o, text)
	})
}

// WithCAFile names a PEM file of the authorities that servers are verified by, instead of the
// system's.
func WithCAFile(path string) Option {
	return textOption("WithCAFile", path, func(o *C.kn_options, text *C.char) C.kn_status {
		return C.kn_options_set_ca_file(o, text)
	})
}

// WithClientCertificate names PEM files with which this side proves who it is. keyFile "": the key
// is in certFile.
func WithClientCertificate(certFile, keyFile string) Option {
	const name = "WithClientCertificate"
	return Option{name, func(o *C.kn_options) C.kn_status {
		copies, free, err := cStrings(name, certFile, keyFile)
		if err != nil {
			return C.KN_EINVAL
		}
		defer free()
		if keyFile == "" {
			return C.kn_options_set_client_certificate(o, copies[0], nil)
		}
		return C.kn_options_set_client_certificate(o, copies[0], copies[1])
	}}
}

// WithoutVerification leaves the server's certificate unverified: anyone on the way can read the
// vhost's token. Prefer WithCAFile.
func WithoutVerification() Option {
	return Option{"WithoutVerification", func(o *C.kn_options) C.kn_status {
		return C.kn_options_set_verify(o, 0)
	}}
}

// WithProxy is the proxy's URL (http, https, socks4, socks4a, socks5, socks5h); "environment" reads
// http_proxy and its like; "", the default, is none.
func WithProxy(url string) Option {
	return textOption("WithProxy", url, func(o *C.kn_options, text *C.char) C.kn_status {
		return C.kn_options_set_proxy(o, text)
	})
}

// WithUnixSocket is a socket to connect to instead of the URL's host and port.
func WithUnixSocket(path string) Option {
	return textOption("WithUnixSocket", path, func(o *C.kn_options, text *C.char) C.kn_status {
		return C.kn_options_set_unix_socket(o, text)
	})
}

// WithHeader adds a header to every request, beside those added before.
func WithHeader(name, value string) Option {
	option := "WithHeader " + name
	return Option{option, func(o *C.kn_options) C.kn_status {
		copies, free, err := cStrings(option, name, value)
		if err != nil {
			return C.KN_EINVAL
		}
		defer free()
		return C.kn_options_add_header(o, copies[0], copies[1])
	}}
}

// WithUserAgent is how requests call themselves.
func WithUserAgent(userAgent string) Option {
	return textOption("WithUserAgent", userAgent,
		func(o *C.kn_options, text *C.char) C.kn_status {
			return C.kn_options_set_user_agent(o, text)
		})
}

// WithLog receives the log line by line. A client calls it on several goroutines at once. It must
// not call this package, and a panic in it is dropped: what reports a failure must not be one.
func WithLog(level LogLevel, log func(level LogLevel, line string)) Option {
	return Option{"WithLog", func(o *C.kn_options) C.kn_status {
		return C.kn_go_options_set_log(o, C.int32_t(level), C.uintptr_t(cgo.NewHandle(log)))
	}}
}

// newOptions puts options together; the caller frees them.
func newOptions(settings []Option) (*C.kn_options, error) {
	options := C.kn_options_new()
	if options == nil {
		return nil, statusError("options", ErrNoMemory)
	}
	for _, setting := range settings {
		if setting.apply == nil {
			continue
		}
		if status := setting.apply(options); status != C.KN_OK {
			C.kn_options_free(options)
			return nil, statusError(setting.name, Status(status))
		}
	}
	return options, nil
}

// construct calls a constructor with a URL and options in their C form.
func construct(op, url string, settings []Option,
	call func(*C.char, *C.kn_options, **C.kn_error) C.kn_status) error {
	options, err := newOptions(settings)
	if err != nil {
		return err
	}
	defer C.kn_options_free(options)
	text, err := cString(op, url)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(text))
	var details *C.kn_error
	status := call(text, options, &details)
	return checked(op, status, details)
}
