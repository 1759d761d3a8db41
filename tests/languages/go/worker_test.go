package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"kosmonaut"
)

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
