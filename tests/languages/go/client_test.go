package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kosmonaut"
)

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
		kosmonaut.WithMaxPending(5), kosmonaut.WithRetries(0), kosmonaut.WithWorkerName("name"),
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

func TestTheLibraryIsTheInstalledOne(t *testing.T) {
	maps, err := os.ReadFile("/proc/self/maps")
	must(t, err)
	if !strings.Contains(string(maps), filepath.Join(os.Getenv("LD_LIBRARY_PATH"), "libkosmonaut")) {
		t.Skip("no LD_LIBRARY_PATH")
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

func TestChannels(t *testing.T) {
	client := newClient(t)
	names := []string{"listed-a", "listed-b", "listed-c"}
	for _, name := range names {
		must(t, client.OpenChannel(background, name))
	}
	for _, size := range []int{0, 1, 2, 3} {
		all := client.Channels(limited(t), "listed-", size)
		var found []string
		for all.Next() {
			found = append(found, all.Channel().Name)
		}
		must(t, all.Err())
		if fmt.Sprint(found) != fmt.Sprint(names) || all.Next() {
			t.Fatal(size, found)
		}
	}
	first, err := client.ChannelsPage(background, "listed-", "", 2)
	must(t, err)
	want := kosmonaut.Channel{Name: "listed-b", Type: "normal", Subscribers: 0, Members: -1}
	if len(first.Channels) != 2 || first.Channels[1] != want || first.Next != "listed-b" {
		t.Fatal(first)
	}
	stage(t, "crowd", 3) // one of whom hides
	var crowd *kosmonaut.Result
	must(t, client.ChannelsAsync("presence-crowd", "", 0, func(r *kosmonaut.Result) { crowd = r }))
	must(t, client.Flush(limited(t)))
	must(t, crowd.Err)
	want = kosmonaut.Channel{Name: "presence-crowd", Type: "presence", Subscribers: 3, Members: 2}
	if len(crowd.Channels.Channels) != 1 || crowd.Channels.Channels[0] != want {
		t.Fatal(crowd.Channels)
	}
	stage(t, "crowd", 0)
	_, err = client.ChannelsPage(background, "no/slash", "", 0)
	wantIs(t, err, kosmonaut.ErrInvalid)
	_, err = client.ChannelsPage(background, "", "", 1001)
	wantIs(t, err, kosmonaut.ErrBadRequest)
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
