package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kosmonaut"
)

const (
	channel  = "greetings"
	deadline = 20 * time.Second
)

var background = context.Background()

// stage asks for what only a browser or the broker can do; see stage.py.
func stage(t *testing.T, words ...any) map[string]any {
	t.Helper()
	connection, err := net.Dial("tcp", os.Getenv("KOSMONAUT_TEST_STAGE"))
	must(t, err)
	defer connection.Close()
	must(t, connection.SetDeadline(time.Now().Add(2*deadline)))
	_, err = fmt.Fprintln(connection, words...)
	must(t, err)
	line, err := bufio.NewReader(connection).ReadBytes('\n')
	must(t, err)
	var reply map[string]any
	must(t, json.Unmarshal(line, &reply))
	if reply["error"] != nil {
		t.Fatal(reply["error"])
	}
	return reply
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantIs(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got %v, want %v", err, target)
	}
}

func url() string { return os.Getenv("KOSMONAUT_TEST_URL") }

func newClient(t *testing.T, options ...kosmonaut.Option) *kosmonaut.Client {
	t.Helper()
	client, err := kosmonaut.NewClient(url(), options...)
	must(t, err)
	t.Cleanup(func() { client.Close() })
	return client
}

func newWorker(t *testing.T, options ...kosmonaut.Option) *kosmonaut.Worker {
	t.Helper()
	options = append([]kosmonaut.Option{
		kosmonaut.WithReconnectDelay(20*time.Millisecond, 100*time.Millisecond)}, options...)
	worker, err := kosmonaut.NewWorker(url(), options...)
	must(t, err)
	t.Cleanup(func() {
		worker.Close()
		stage(t, "workers", 0)
	})
	return worker
}

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(background, deadline)
	t.Cleanup(cancel)
	return ctx
}

// inBackground runs a worker, and tells what Run returned.
func inBackground(ctx context.Context, worker *kosmonaut.Worker) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx) }()
	return ended
}

func await[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case value := <-c:
		return value
	case <-time.After(deadline):
		t.Fatal("nothing came")
		panic("not reached")
	}
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("timed out waiting for " + what)
		}
	}
}

// ---- Errors ----

func TestErrorsAreFoundWithIsAndAs(t *testing.T) {
	err := newClient(t).Trigger(background, "nowhere", "hello", nil)
	wantIs(t, err, kosmonaut.ErrNoChannel)
	var failure *kosmonaut.Error
	if !errors.As(err, &failure) {
		t.Fatalf("%T is no *Error", err)
	}
	if failure.HTTPStatus != 404 || failure.Status.Name() != "KN_ENOCHANNEL" ||
		failure.ServerCode == 0 || failure.Message == "" ||
		failure.RetryAfter != kosmonaut.NoRetryAfter || failure.Status.IsRetriable() {
		t.Fatalf("%+v", failure)
	}
	if errors.Is(err, kosmonaut.ErrNoVhost) {
		t.Fatal("it is every status")
	}
}

func TestBadArguments(t *testing.T) {
	client := newClient(t)
	wantIs(t, client.OpenChannel(background, "no spaces"), kosmonaut.ErrInvalid)
	wantIs(t, client.OpenChannel(background, "cut\x00short"), kosmonaut.ErrInvalid)
	wantIs(t, client.Trigger(background, channel, "e", []byte("[]")), kosmonaut.ErrJSON)
	wantIs(t, client.Trigger(background, channel, "e", []byte{}), kosmonaut.ErrJSON)
	var unsupported *json.UnsupportedTypeError
	if err := client.Trigger(background, channel, "e", make(chan int)); !errors.As(err, &unsupported) {
		t.Fatal(err)
	}
	_, err := kosmonaut.NewClient("gopher://moon")
	wantIs(t, err, kosmonaut.ErrInvalid)
	_, err = kosmonaut.NewWorker(url(), kosmonaut.WithMaxEventSize(0))
	wantIs(t, err, kosmonaut.ErrInvalid)
	if !strings.Contains(err.Error(), "WithMaxEventSize") {
		t.Fatal(err)
	}
	_, err = kosmonaut.NewClient(url(), kosmonaut.WithRequestTimeout(-3*time.Second))
	wantIs(t, err, kosmonaut.ErrInvalid)
	if !strings.Contains(err.Error(), "WithRequestTimeout") {
		t.Fatal(err)
	}
	err = client.Trigger(background, "nowhere", "e", nil)
	if !strings.Contains(err.Error(), "the channel 'nowhere' of /") {
		t.Fatal(err)
	}
}

func TestEveryOptionIsTaken(t *testing.T) {
	client, err := kosmonaut.NewClient(url(),
		kosmonaut.WithConnectTimeout(time.Second), kosmonaut.WithRequestTimeout(kosmonaut.Forever),
		kosmonaut.WithIdleTimeout(time.Minute), kosmonaut.WithReconnectDelay(1, time.Second),
		kosmonaut.WithFilter("chat/.*"), kosmonaut.WithMaxEventSize(1000),
		kosmonaut.WithMaxResponseSize(1000), kosmonaut.WithMaxConnections(2),
		kosmonaut.WithMaxPending(5), kosmonaut.WithWorkerName("name"),
		kosmonaut.WithCAFile("/ca.pem"), kosmonaut.WithClientCertificate("/c.pem", ""),
		kosmonaut.WithClientCertificate("/c.pem", "/k.pem"), kosmonaut.WithoutVerification(),
		kosmonaut.WithProxy(""), kosmonaut.WithHeader("X-Api-Key", "k"),
		kosmonaut.WithUserAgent("test/1"), kosmonaut.WithUnixSocket("/nowhere.sock"))
	must(t, err)
	defer client.Close()
	// It was the last of them that counted.
	wantIs(t, client.OpenChannel(background, channel), kosmonaut.ErrConnect)
	_, err = kosmonaut.NewClient(url(), kosmonaut.WithHeader("Host", "taken"))
	wantIs(t, err, kosmonaut.ErrInvalid)
	if !strings.Contains(err.Error(), "WithHeader Host") {
		t.Fatal(err)
	}
}

func TestVersion(t *testing.T) {
	var major, minor, patch int
	_, err := fmt.Sscanf(kosmonaut.Version(), "%d.%d.%d", &major, &minor, &patch)
	must(t, err)
	if kosmonaut.VersionNumber() != major<<16|minor<<8|patch {
		t.Fatal(kosmonaut.VersionNumber())
	}
}

// ---- The client ----

func TestRequests(t *testing.T) {
	client := newClient(t)
	must(t, client.OpenChannel(background, "extra"))
	must(t, client.Trigger(background, "extra", "hello", map[string]any{"n": 1}))
	must(t, client.Trigger(limited(t), "extra", "hello", json.RawMessage(`{"n":1}`)))
	must(t, client.CloseChannel(background, "extra"))
	wantIs(t, client.CloseChannel(background, "extra"), kosmonaut.ErrNoChannel)
	token, err := client.RequestToken(limited(t), "alice", "private-.*")
	must(t, err)
	if token == "" {
		t.Fatal("no token")
	}
	_, err = client.RequestToken(background, "alice", "(")
	wantIs(t, err, kosmonaut.ErrBadRequest)
	if client.Requests() != 7 || client.RequestsWithStatus(kosmonaut.ErrNoChannel) != 1 ||
		client.RequestsWithStatus(0) != 5 || client.Connections() < 1 {
		t.Fatal(client.Stats())
	}
	stats, err := client.Stats()
	must(t, err)
	if !json.Valid([]byte(stats)) || !strings.Contains(stats, `"requests":7`) {
		t.Fatal(stats)
	}
}

func TestBatch(t *testing.T) {
	client := newClient(t)
	batch, err := kosmonaut.NewBatch()
	must(t, err)
	defer batch.Close()
	wantIs(t, batch.Add(channel, "batched", []byte("1")), kosmonaut.ErrJSON)
	must(t, batch.Add(channel, "batched", map[string]int{"n": 1}))
	must(t, batch.Add("nowhere", "batched", nil))
	if batch.Len() != 2 {
		t.Fatal(batch.Len())
	}
	result, err := client.TriggerBatch(limited(t), batch)
	must(t, err)
	wantIs(t, result.Err, kosmonaut.ErrNoChannel)
	if len(result.Items) != 2 || result.Items[0] != nil {
		t.Fatal(result.Items)
	}
	wantIs(t, result.Items[1], kosmonaut.ErrNoChannel)
	if heard := stage(t, "hear", "batched"); heard["n"] != 1.0 {
		t.Fatal(heard)
	}
	batch.Clear()
	_, err = client.TriggerBatch(background, batch)
	wantIs(t, err, kosmonaut.ErrInvalid)
}

func TestSubscribers(t *testing.T) {
	client := newClient(t)
	crowd := stage(t, "crowd", 5)
	sids := strings.Fields(crowd["sids"].(string))
	for _, size := range []int{0, 1, 2, 5} {
		all := client.Subscribers(limited(t), "presence-crowd", size)
		var found []string
		for all.Next() {
			who := all.Subscriber()
			found = append(found, who.SID)
			var said struct{ N int }
			must(t, json.Unmarshal(who.Data, &said))
			if who.UID != fmt.Sprint("member", said.N) || who.IsHidden != (who.SID == crowd["hidden"]) {
				t.Fatal(who)
			}
		}
		must(t, all.Err())
		if strings.Join(found, " ") != crowd["sids"] || all.Next() {
			t.Fatal(size, found)
		}
	}
	first, err := client.SubscribersPage(background, "presence-crowd", "", 3)
	must(t, err)
	if len(first.Subscribers) != 3 || first.Next != sids[2] {
		t.Fatal(first)
	}
	last, err := client.SubscribersPage(background, "presence-crowd", first.Next, 3)
	must(t, err)
	if len(last.Subscribers) != 2 || last.Subscribers[0].SID != sids[3] || last.Next != "" {
		t.Fatal(last)
	}
	stage(t, "crowd", 0)
	if nobody := client.Subscribers(background, "presence-crowd", 0); nobody.Next() || nobody.Err() != nil {
		t.Fatal(nobody.Err())
	}
	nowhere := client.Subscribers(background, "nowhere", 0)
	if nowhere.Next() || nowhere.Next() {
		t.Fatal(nowhere.Subscriber())
	}
	wantIs(t, nowhere.Err(), kosmonaut.ErrNoChannel)
	_, err = client.SubscribersPage(background, channel, "cut\x00short", 0)
	wantIs(t, err, kosmonaut.ErrInvalid)
	_, err = client.SubscribersPage(background, channel, "", -1)
	wantIs(t, err, kosmonaut.ErrInvalid)
	_, err = client.SubscribersPage(background, channel, "", 1001)
	wantIs(t, err, kosmonaut.ErrBadRequest)
}

func TestSubscribersThatAreAskedForWithoutWaiting(t *testing.T) {
	client := newClient(t)
	sids := strings.Fields(stage(t, "crowd", 2)["sids"].(string))
	var page, nowhere *kosmonaut.Result
	must(t, client.SubscribersAsync("presence-crowd", sids[0], 7,
		func(r *kosmonaut.Result) { page = r }))
	must(t, client.SubscribersAsync("nowhere", "", 0, func(r *kosmonaut.Result) { nowhere = r }))
	must(t, client.Flush(limited(t)))
	must(t, page.Err)
	if len(page.Page.Subscribers) != 1 || page.Page.Subscribers[0].SID != sids[1] {
		t.Fatal(page.Page)
	}
	wantIs(t, nowhere.Err, kosmonaut.ErrNoChannel)
	if nowhere.Page != nil {
		t.Fatal(nowhere.Page)
	}
}

func TestARequestEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	must(t, err)
	defer listener.Close()
	// The test's own limit is shorter than that of the request.
	client, err := kosmonaut.NewClient("http://wr:0000@"+listener.Addr().String()+"/moon",
		kosmonaut.WithRequestTimeout(time.Hour))
	must(t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	wantIs(t, client.OpenChannel(ctx, channel), context.DeadlineExceeded)
	cancelled, cancel := context.WithCancel(background)
	cancel()
	wantIs(t, client.OpenChannel(cancelled, channel), context.Canceled)
}

func TestClosedHandles(t *testing.T) {
	client := newClient(t)
	must(t, client.Close())
	must(t, client.Close())
	wantIs(t, client.OpenChannel(background, channel), kosmonaut.ErrClosed)
	if client.FD() != -1 || client.Requests() != 0 {
		t.Fatal("there is still something")
	}
	worker := newWorker(t)
	must(t, worker.Close())
	must(t, worker.Close())
	_, err := worker.Next(background)
	wantIs(t, err, kosmonaut.ErrClosed)
	if worker.FD() != -1 || worker.State() != kosmonaut.WorkerClosed {
		t.Fatal("there is still something")
	}
	if fmt.Sprint(worker.State(), kosmonaut.WorkerState(6)) != "closed state 6" {
		t.Fatal(worker.State())
	}
}

func TestManyGoroutinesShareAClient(t *testing.T) {
	client := newClient(t, kosmonaut.WithMaxConnections(4))
	var group sync.WaitGroup
	var failures atomic.Int32
	for i := 0; i < 16; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := 0; n < 10; n++ {
				if client.Trigger(background, channel, "shared", nil) != nil {
					failures.Add(1)
				}
			}
		}()
	}
	group.Wait()
	if failures.Load() != 0 || client.Requests() != 160 {
		t.Fatal(failures.Load(), client.Requests())
	}
}

func TestCloseBesideCalls(t *testing.T) {
	client := newClient(t)
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for client.Trigger(background, channel, "shared", nil) == nil {
			}
		}()
	}
	eventually(t, "some calls", func() bool { return client.Requests() > 20 })
	must(t, client.Close())
	group.Wait()
}

// ---- Calls that are handed in ----

func TestCallsThatAreHandedIn(t *testing.T) {
	client := newClient(t, kosmonaut.WithMaxConnections(1), kosmonaut.WithMaxPending(6))
	results := map[string]*kosmonaut.Result{}
	keep := func(name string) func(*kosmonaut.Result) {
		return func(r *kosmonaut.Result) { results[name] = r }
	}
	batch, err := kosmonaut.NewBatch()
	must(t, err)
	must(t, batch.Add("aside", "hello", nil))
	must(t, batch.Add("nowhere", "hello", nil))
	must(t, client.OpenChannelAsync("aside", keep("open")))
	must(t, client.TriggerAsync("aside", "hello", map[string]int{"n": 1}, keep("trigger")))
	must(t, client.TriggerBatchAsync(batch, keep("batch")))
	must(t, batch.Close())
	must(t, client.RequestTokenAsync("alice", ".*", keep("token")))
	must(t, client.CloseChannelAsync("aside", keep("close")))
	must(t, client.CloseChannelAsync("aside", nil))
	wantIs(t, client.OpenChannelAsync("aside", keep("full")), kosmonaut.ErrFull)
	wantIs(t, client.OpenChannelAsync("no spaces", keep("bad")), kosmonaut.ErrInvalid)
	if client.Pending() != 6 {
		t.Fatal(client.Pending())
	}
	must(t, client.Flush(limited(t)))
	if client.Pending() != 0 || len(results) != 5 {
		t.Fatal(client.Pending(), results)
	}
	for _, name := range []string{"open", "trigger", "token", "close"} {
		must(t, results[name].Err)
	}
	if results["token"].Token == "" || len(results["batch"].Items) != 2 {
		t.Fatal(results["token"], results["batch"])
	}
	wantIs(t, results["batch"].Err, kosmonaut.ErrNoChannel)
}

func TestDispatchWithADescriptor(t *testing.T) {
	client := newClient(t)
	if client.FD() < 0 {
		t.Fatal("no descriptor")
	}
	var ended *kosmonaut.Result
	must(t, client.TriggerAsync(channel, "hello", nil, func(r *kosmonaut.Result) { ended = r }))
	eventually(t, "the result", func() bool {
		err := client.Dispatch()
		return err == nil || !errors.Is(err, kosmonaut.ErrAgain)
	})
	must(t, ended.Err)
	must(t, client.Interrupt())
	wantIs(t, client.Dispatch(), kosmonaut.ErrInterrupted)
	wantIs(t, client.Dispatch(), kosmonaut.ErrAgain)
}

func TestAPanicOfACompletionComesOutOfFlush(t *testing.T) {
	client := newClient(t)
	must(t, client.TriggerAsync(channel, "hello", nil, func(*kosmonaut.Result) { panic("mine") }))
	if value := panicOf(func() { _ = client.Flush(background) }); value != "mine" {
		t.Fatal(value)
	}
	must(t, client.Flush(background))
}

func TestFlushEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	client, err := kosmonaut.NewClient("http://wr:0000@" + listener.Addr().String() + "/moon")
	must(t, err)
	defer client.Close()
	must(t, client.OpenChannelAsync(channel, nil))
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	wantIs(t, client.Flush(ctx), context.DeadlineExceeded)
}

func panicOf(call func()) (value any) {
	defer func() { value = recover() }()
	call()
	return nil
}

// ---- The worker ----

func TestAnEventHasEverything(t *testing.T) {
	worker := newWorker(t)
	must(t, worker.On("greetings/full", func(*kosmonaut.Event) error { return nil }))
	_, err := worker.Poll() // connects
	wantIs(t, err, kosmonaut.ErrAgain)
	go stageWhenConnected(t, "full", 5, 1)
	event, err := worker.Next(limited(t))
	must(t, err)
	defer event.Close()
	var data struct{ N int }
	must(t, event.Decode(&data))
	if event.Topic() != "greetings/full" || event.Channel() != channel || event.Name() != "full" ||
		event.UID() != "alice" || event.SID() == "" || data.N != 5 ||
		event.Kind() != kosmonaut.EventMessage || event.Attempt() != 1 {
		t.Fatal(event.Topic(), event.UID(), event.SID(), string(event.Data()), event.ID())
	}
	if !json.Valid(event.Data()) {
		t.Fatal(string(event.Data()))
	}
	wantIs(t, event.Nack(0), kosmonaut.ErrState) // delivery is at most once
	wantIs(t, event.Nack(-1), kosmonaut.ErrInvalid)
	wantIs(t, event.Defer(), kosmonaut.ErrState) // this is no handler
	must(t, event.Ack())
	must(t, event.Close())
	wantIs(t, event.Ack(), kosmonaut.ErrClosed)
	if event.Topic() != "" || event.Data() != nil || event.Retain() != nil {
		t.Fatal("a closed event has something")
	}
	stats, err := worker.Stats()
	must(t, err)
	if worker.Events() != 1 || worker.Bytes() == 0 || worker.Lag() != 0 ||
		worker.LastError() != nil || worker.State() != kosmonaut.WorkerConnected ||
		!strings.Contains(stats, `"events":1`) {
		t.Fatal(stats)
	}
}

// stageWhenConnected fires events as soon as there is a worker to receive them.
func stageWhenConnected(t *testing.T, name string, first, count int) {
	stage(t, "workers", 1)
	stage(t, "fire", name, first, count)
}

func TestHandlersRunInOrder(t *testing.T) {
	worker := newWorker(t)
	var ran []string
	handler := func(name string) kosmonaut.Handler {
		return func(event *kosmonaut.Event) error {
			ran = append(ran, name)
			return nil
		}
	}
	kept := make(chan *kosmonaut.Event, 1)
	must(t, worker.On("greetings/one", handler("replaced")))
	must(t, worker.On("*/one", func(event *kosmonaut.Event) error {
		ran = append(ran, "any channel")
		must(t, event.Defer())
		kept <- event.Retain()
		return worker.On("*/one", nil)
	}))
	must(t, worker.On("greetings/one", handler("literal")))
	must(t, worker.On("other/*", handler("never")))
	must(t, worker.On("greetings/*", handler("any event")))
	must(t, worker.On("greetings/last", func(*kosmonaut.Event) error { return worker.Interrupt() }))
	ended := inBackground(limited(t), worker)
	stage(t, "workers", 1)
	stage(t, "fire", "one", 1, 1)
	stage(t, "fire", "one", 2, 1)
	stage(t, "fire", "last", 3, 1)
	wantIs(t, await(t, ended), kosmonaut.ErrInterrupted)
	want := "literal, any channel, any event, literal, any event, any event"
	if got := strings.Join(ran, ", "); got != want {
		t.Fatal(got)
	}
	event := await(t, kept)
	if event.Name() != "one" {
		t.Fatal(event.Name())
	}
	must(t, event.Ack())
	must(t, event.Close())
}

func TestOnlyCoveredEventsAreAskedFor(t *testing.T) {
	worker := newWorker(t)
	must(t, worker.On("greetings/wanted", func(*kosmonaut.Event) error { return nil }))
	wantIs(t, worker.On("no-slash", func(*kosmonaut.Event) error { return nil }),
		kosmonaut.ErrInvalid)
	_, err := worker.Poll()
	wantIs(t, err, kosmonaut.ErrAgain)
	wantIs(t, worker.On("new/pattern", func(*kosmonaut.Event) error { return nil }),
		kosmonaut.ErrState)
	go func() {
		stageWhenConnected(t, "unwanted", 1, 1)
		stage(t, "fire", "wanted", 1, 1)
	}()
	event, err := worker.Next(limited(t))
	must(t, err)
	if event.Name() != "wanted" {
		t.Fatal(event.Name())
	}
}

func TestAFilterTakesThePlaceOfThePatterns(t *testing.T) {
	worker := newWorker(t, kosmonaut.WithFilter("greetings/(a|b)"))
	_, err := worker.Poll()
	wantIs(t, err, kosmonaut.ErrAgain)
	// Allowed now, since the filter does not depend on it.
	must(t, worker.On("greetings/b", func(*kosmonaut.Event) error { return worker.Interrupt() }))
	ended := inBackground(limited(t), worker)
	stageWhenConnected(t, "a", 1, 1)
	stage(t, "fire", "b", 1, 1)
	wantIs(t, await(t, ended), kosmonaut.ErrInterrupted)
	if worker.Events() != 2 {
		t.Fatal(worker.Events())
	}
}

func TestAnErrorOfAHandlerComesOutOfRun(t *testing.T) {
	worker := newWorker(t)
	mine := errors.New("mine")
	must(t, worker.On("greetings/*", func(event *kosmonaut.Event) error {
		if event.Name() == "bad" {
			return mine
		}
		return worker.Interrupt()
	}))
	ended := inBackground(limited(t), worker)
	stageWhenConnected(t, "bad", 1, 1)
	stage(t, "fire", "good", 2, 1)
	wantIs(t, await(t, ended), mine)
	wantIs(t, worker.Run(limited(t)), kosmonaut.ErrInterrupted) // it is as usable as before
}

func TestWhatAHandlerFailsWithGoesToItsHandlerAndTheWorkerGoesOn(t *testing.T) {
	worker := newWorker(t)
	mine := errors.New("mine")
	var told []string
	worker.OnHandlerError(func(err error, event *kosmonaut.Event) {
		told = append(told, event.Name()+" "+err.Error())
	})
	must(t, worker.On("greetings/*", func(event *kosmonaut.Event) error {
		switch event.Name() {
		case "bad":
			return mine
		case "worse":
			panic("oh")
		}
		return worker.Interrupt()
	}))
	ended := inBackground(limited(t), worker)
	stageWhenConnected(t, "bad", 1, 1)
	stage(t, "fire", "worse", 2, 1)
	stage(t, "fire", "good", 3, 1)
	wantIs(t, await(t, ended), kosmonaut.ErrInterrupted)
	if len(told) != 2 || told[0] != "bad mine" || told[1] != "worse a handler panicked: oh" {
		t.Fatal(told)
	}
}

func TestAPanicOfAHandlerComesOutOfRun(t *testing.T) {
	worker := newWorker(t)
	must(t, worker.On("greetings/*", func(event *kosmonaut.Event) error {
		if event.Name() == "bad" {
			panic("mine")
		}
		return worker.Interrupt()
	}))
	caught := make(chan any, 1)
	go func() { caught <- panicOf(func() { _ = worker.Run(background) }) }()
	stageWhenConnected(t, "bad", 1, 1)
	stage(t, "fire", "good", 2, 1)
	if value := await(t, caught); value != "mine" {
		t.Fatal(value)
	}
	wantIs(t, worker.Run(limited(t)), kosmonaut.ErrInterrupted)
}

func TestAPanicOfTheErrorHandlerComesOutOfTheCall(t *testing.T) {
	worker, err := kosmonaut.NewWorker("http://wr:0000@127.0.0.1:1/moon",
		kosmonaut.WithReconnectDelay(time.Millisecond, time.Millisecond))
	must(t, err)
	defer worker.Close()
	must(t, worker.OnError(func(*kosmonaut.Error) { panic("mine") }))
	if value := panicOf(func() { _, _ = worker.Next(limited(t)) }); value != "mine" {
		t.Fatal(value)
	}
	heard := make(chan *kosmonaut.Error, 1000)
	must(t, worker.OnError(func(failure *kosmonaut.Error) {
		select {
		case heard <- failure:
		default:
		}
	}))
	ctx, cancel := context.WithCancel(limited(t))
	go func() {
		<-heard
		<-heard
		cancel()
	}()
	_, err = worker.Next(ctx)
	wantIs(t, err, context.Canceled)
	wantIs(t, worker.LastError(), kosmonaut.ErrConnect)
	must(t, worker.OnError(nil))
}

func TestALogIsWritten(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	worker := newWorker(t, kosmonaut.WithLog(kosmonaut.LogDebug,
		func(level kosmonaut.LogLevel, line string) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, fmt.Sprint(level, line))
			panic("which must not matter")
		}))
	eventually(t, "a connection", func() bool {
		_, err := worker.Poll()
		wantIs(t, err, kosmonaut.ErrAgain)
		return worker.State() == kosmonaut.WorkerConnected
	})
	if text := strings.Join(lines, "\n"); !strings.Contains(text, "connected to") {
		t.Fatal(text)
	}
}

func TestAContextEndsAWait(t *testing.T) {
	worker := newWorker(t)
	ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
	defer cancel()
	_, err := worker.Next(ctx)
	wantIs(t, err, context.DeadlineExceeded)
	// The interrupt that this took does not end another wait.
	for i := 0; i < 50; i++ {
		ctx, cancel := context.WithCancel(background)
		go cancel()
		_, err := worker.Next(ctx)
		wantIs(t, err, context.Canceled)
	}
	_, err = worker.Poll()
	wantIs(t, err, kosmonaut.ErrAgain)
	go stageWhenConnected(t, "after", 1, 1)
	event, err := worker.Next(limited(t))
	must(t, err)
	if event.Name() != "after" {
		t.Fatal(event.Name())
	}
}

func TestNoEventIsLostToCancellation(t *testing.T) {
	worker := newWorker(t)
	_, err := worker.Poll()
	wantIs(t, err, kosmonaut.ErrAgain)
	const count = 200
	go stageWhenConnected(t, "counted", 0, count)
	end := time.Now().Add(deadline)
	for n := 0; n < count; {
		if time.Now().After(end) {
			t.Fatal("only ", n)
		}
		ctx, cancel := context.WithTimeout(background, time.Millisecond)
		event, err := worker.Next(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			continue
		}
		must(t, err)
		var data struct{ N int }
		must(t, event.Decode(&data))
		if data.N != n {
			t.Fatalf("%d instead of %d", data.N, n)
		}
		n++
		event.Close()
	}
}

func TestInterruptAndClose(t *testing.T) {
	worker := newWorker(t)
	must(t, worker.Interrupt())
	must(t, worker.Interrupt())
	_, err := worker.Next(limited(t))
	wantIs(t, err, kosmonaut.ErrInterrupted)
	must(t, worker.On("*/*", func(*kosmonaut.Event) error { return nil }))
	ended := inBackground(background, worker)
	stage(t, "workers", 1)
	wantIs(t, worker.Run(background), kosmonaut.ErrState) // the seat is taken
	must(t, worker.Shutdown(limited(t)))
	wantIs(t, await(t, ended), kosmonaut.ErrClosed)
	wantIs(t, worker.Dispatch(), kosmonaut.ErrClosed)
}

func TestCloseWakesWhoWaits(t *testing.T) {
	worker := newWorker(t)
	must(t, worker.On("*/*", func(*kosmonaut.Event) error { return nil }))
	ended := inBackground(background, worker)
	stage(t, "workers", 1)
	must(t, worker.Close())
	wantIs(t, await(t, ended), kosmonaut.ErrClosed)
}

func TestAHandlerMayCloseItsWorker(t *testing.T) {
	worker := newWorker(t)
	ran := 0
	must(t, worker.On("greetings/bye", func(event *kosmonaut.Event) error {
		ran++
		_, err := worker.Poll()
		wantIs(t, err, kosmonaut.ErrState) // a handler is inside already
		return worker.Close()
	}))
	must(t, worker.On("*/bye", func(*kosmonaut.Event) error { ran++; return nil }))
	ended := inBackground(limited(t), worker)
	stageWhenConnected(t, "bye", 1, 1)
	wantIs(t, await(t, ended), kosmonaut.ErrClosed)
	if ran != 1 {
		t.Fatal("the second handler ran")
	}
}

func TestRunWantsHandlers(t *testing.T) {
	worker := newWorker(t)
	wantIs(t, worker.Run(background), kosmonaut.ErrState)
	wantIs(t, worker.Dispatch(), kosmonaut.ErrState)
}

func TestDispatchHandsOverWhatIsReady(t *testing.T) {
	worker := newWorker(t)
	seen := 0
	must(t, worker.On("*/ready", func(*kosmonaut.Event) error { seen++; return nil }))
	wantIs(t, worker.Dispatch(), kosmonaut.ErrAgain)
	if worker.FD() < 0 {
		t.Fatal("no descriptor")
	}
	go stageWhenConnected(t, "ready", 1, 3)
	eventually(t, "three events", func() bool {
		if err := worker.Dispatch(); err != nil {
			wantIs(t, err, kosmonaut.ErrAgain)
		}
		return seen == 3
	})
}

func TestAFatalFailureIsToldOnce(t *testing.T) {
	wrong := url()[:strings.LastIndex(url(), "/")] + "/nowhere"
	worker, err := kosmonaut.NewWorker(wrong)
	must(t, err)
	defer worker.Close()
	_, err = worker.Next(limited(t))
	var failure *kosmonaut.Error
	if !errors.As(err, &failure) {
		t.Fatal(err)
	}
	_, err = worker.Next(limited(t))
	wantIs(t, err, kosmonaut.ErrClosed)
}

func TestAWorkerComesBackToItsBroker(t *testing.T) {
	worker := newWorker(t)
	must(t, worker.On("*/again", func(*kosmonaut.Event) error { return worker.Interrupt() }))
	ended := inBackground(limited(t), worker)
	stage(t, "workers", 1)
	stage(t, "stop")
	stage(t, "start")
	stageWhenConnected(t, "again", 1, 1)
	wantIs(t, await(t, ended), kosmonaut.ErrInterrupted)
	if worker.Reconnects() < 1 || worker.LastError() == nil {
		t.Fatal(worker.Stats())
	}
}

// ---- The collector ----

func descriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

func residentKiB(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	must(t, err)
	return pages * os.Getpagesize() / 1024
}

// collect makes the collector run until the condition holds.
func collect(t *testing.T, what string, condition func() bool) {
	t.Helper()
	eventually(t, what, func() bool {
		runtime.GC()
		return condition()
	})
}

// TestDroppedHandlesAreCollected drops 20 000 without closing them, each with a handler that closes
// over it, a log and an error handler. The first half brings the arenas of the threads, which the
// second one has to do with.
func TestDroppedHandlesAreCollected(t *testing.T) {
	before := descriptors()
	memory := 0
	const count, portion = 10000, 250
	for i := 0; i < count; i++ {
		client, err := kosmonaut.NewClient(url(),
			kosmonaut.WithLog(kosmonaut.LogError, func(kosmonaut.LogLevel, string) {}))
		must(t, err)
		must(t, client.TriggerAsync(channel, "never sent", nil, func(*kosmonaut.Result) {}))
		worker, err := kosmonaut.NewWorker(url())
		must(t, err)
		must(t, worker.On("*/*", func(*kosmonaut.Event) error { return worker.Interrupt() }))
		must(t, worker.OnError(func(*kosmonaut.Error) { _ = worker.Interrupt() }))
		if i%portion == portion-1 {
			collect(t, "descriptors to go", func() bool { return descriptors() <= before+20 })
		}
		if i == count/2 {
			memory = residentKiB(t)
		}
	}
	collect(t, "all descriptors to go", func() bool { return descriptors() <= before })
	if grown := residentKiB(t) - memory; grown > 16*1024 {
		t.Fatalf("%d KiB more", grown)
	}
}

func TestClosedHandlesLeaveNothing(t *testing.T) {
	before := descriptors()
	memory := 0
	for i := 0; i < 10000; i++ {
		worker, err := kosmonaut.NewWorker(url())
		must(t, err)
		must(t, worker.OnError(func(*kosmonaut.Error) { worker.State() }))
		must(t, worker.Close())
		if i == 2000 {
			memory = residentKiB(t)
		}
	}
	if left := descriptors(); left > before {
		t.Fatal(left-before, " descriptors")
	}
	if grown := residentKiB(t) - memory; grown > 16*1024 {
		t.Fatalf("%d KiB more", grown)
	}
}

func TestTheLibraryIsTheInstalledOne(t *testing.T) {
	maps, err := os.ReadFile("/proc/self/maps")
	must(t, err)
	if !strings.Contains(string(maps), filepath.Join(os.Getenv("LD_LIBRARY_PATH"), "libkosmonaut")) {
		t.Skip("no LD_LIBRARY_PATH")
	}
}
