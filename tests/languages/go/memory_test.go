// What is left of handles that are dropped, or closed.

package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"kosmonaut"
)

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
