// What the tests share: the broker, and what only a browser can do.

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
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
