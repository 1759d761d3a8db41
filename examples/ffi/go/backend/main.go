// Command backend is a whole backend: it opens a room, lets a visitor in, answers every question
// that is asked there, and ends cleanly with Ctrl-C.
//
//	VHOST_URL=http://wr:TOKEN@localhost:8080/moon go run ./backend
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"kosmonaut"
)

const room = "private-room"

func main() {
	url := os.Getenv("VHOST_URL") // not an argument: everybody may read those
	if url == "" {
		fmt.Fprintln(os.Stderr, "VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, url); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string) error {
	client, err := kosmonaut.NewClient(url)
	if err != nil {
		return err
	}
	defer client.Close()

	if err := client.OpenChannel(ctx, room); err != nil {
		return err
	}
	token, err := client.RequestToken(ctx, "alice", room)
	if err != nil {
		return err
	}
	fmt.Println("a token for alice's browser:", token)

	worker, err := kosmonaut.NewWorker(url, kosmonaut.WithLog(kosmonaut.LogWarning,
		func(_ kosmonaut.LogLevel, line string) { fmt.Fprintln(os.Stderr, line) }))
	if err != nil {
		return err
	}
	defer worker.Close()

	// Whatever a browser sends must not end the backend.
	worker.OnHandlerError(func(err error, event *kosmonaut.Event) {
		fmt.Fprintln(os.Stderr, event.Topic()+":", err)
	})
	err = worker.On(room+"/ask", func(event *kosmonaut.Event) error {
		var question struct {
			N int `json:"n"`
		}
		if err := event.Decode(&question); err != nil {
			return err // a browser's mistake
		}
		answer := map[string]any{"to": event.UID(), "n": question.N}
		return client.Trigger(ctx, event.Channel(), "answer", answer)
	})
	if err != nil {
		return err
	}

	ended := worker.Run(ctx)
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := worker.Shutdown(closing); err != nil {
		return err
	}
	return ended
}
