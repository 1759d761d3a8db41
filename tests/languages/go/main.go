// Command scenario is driven by lines of JSON: see scripts/check-languages.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"kosmonaut"
)

type command struct {
	Do       string          `json:"do"`
	Channel  string          `json:"channel"`
	Event    string          `json:"event"`
	Data     json.RawMessage `json:"data"`
	UID      string          `json:"uid"`
	Channels string          `json:"channels"`
	URL      string          `json:"url"`
}

type answer map[string]any

type backend struct {
	client *kosmonaut.Client
	worker *kosmonaut.Worker
	ended  chan error // what the worker's Run returned
}

func start(url string) (*backend, error) {
	client, err := kosmonaut.NewClient(url)
	if err != nil {
		return nil, err
	}
	worker, err := kosmonaut.NewWorker(url,
		kosmonaut.WithReconnectDelay(100*time.Millisecond, 500*time.Millisecond))
	if err != nil {
		return nil, err
	}
	b := &backend{client, worker, make(chan error, 1)}
	if err := worker.On("private-room/ask", b.onAsk); err != nil {
		return nil, err
	}
	if err := worker.On("private-room/who", b.onWho); err != nil {
		return nil, err
	}
	go func() {
		err := worker.Run(context.Background())
		if !errors.Is(err, kosmonaut.ErrClosed) {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		b.ended <- err
	}()
	return b, nil
}

func (b *backend) onAsk(event *kosmonaut.Event) error {
	var question struct {
		N int64 `json:"n"`
	}
	if err := event.Decode(&question); err != nil {
		return err
	}
	return b.client.Trigger(context.Background(), event.Channel(), "answer",
		answer{"to": event.UID(), "n": question.N})
}

// onWho does not look at the rest of the data, which may be anything.
func (b *backend) onWho(event *kosmonaut.Event) error {
	return b.client.Trigger(context.Background(), event.Channel(), "sender",
		answer{"uid": event.UID(), "sid": event.SID()})
}

func (b *backend) obey(c command) (answer, error) {
	ctx := context.Background()
	switch c.Do {
	case "open":
		return answer{}, b.client.OpenChannel(ctx, c.Channel)
	case "close_channel":
		return answer{}, b.client.CloseChannel(ctx, c.Channel)
	case "trigger":
		return answer{}, b.client.Trigger(ctx, c.Channel, c.Event, c.Data)
	case "token":
		token, err := b.client.RequestToken(ctx, c.UID, c.Channels)
		return answer{"token": token}, err
	case "open_as":
		client, err := kosmonaut.NewClient(c.URL)
		if err != nil {
			return nil, err
		}
		defer client.Close()
		return answer{}, client.OpenChannel(ctx, c.Channel)
	case "state":
		return answer{"state": b.worker.State(), "events": b.worker.Events(),
			"reconnects": b.worker.Reconnects()}, nil
	case "quit":
		return answer{}, b.quit()
	}
	return nil, fmt.Errorf("unknown command %q", c.Do)
}

func (b *backend) quit() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := b.worker.Shutdown(ctx); err != nil {
		return err
	}
	<-b.ended
	if err := b.worker.Close(); err != nil {
		return err
	}
	return b.client.Close()
}

func say(reply answer) error {
	return json.NewEncoder(os.Stdout).Encode(reply)
}

func replyTo(result answer, err error) answer {
	var failure *kosmonaut.Error
	if errors.As(err, &failure) {
		return answer{"error": failure.Status.Name(), "http_status": failure.HTTPStatus,
			"message": failure.Message}
	}
	result["ok"] = true
	return result
}

func run(url string) error {
	b, err := start(url)
	if err != nil {
		return err
	}
	if err := say(answer{"ready": true}); err != nil {
		return err
	}
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var c command
		if err := input.Decode(&c); err != nil {
			return fmt.Errorf("the input ended without quit: %w", err)
		}
		result, err := b.obey(c)
		var failure *kosmonaut.Error
		if err != nil && !errors.As(err, &failure) {
			return err
		}
		if err := say(replyTo(result, err)); err != nil || c.Do == "quit" {
			return err
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: scenario VHOST_URL")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
