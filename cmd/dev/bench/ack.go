package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

const help = "C0ITHELP"

// stopwatch times each delivery as Slack sees it, from the first byte sent to the status received.
type stopwatch struct {
	next http.RoundTripper

	mu    sync.Mutex
	times []time.Duration
}

func newStopwatch() *stopwatch {
	return &stopwatch{next: &http.Transport{MaxIdleConnsPerHost: 64}}
}

func (s *stopwatch) RoundTrip(r *http.Request) (*http.Response, error) {
	started := time.Now()
	response, err := s.next.RoundTrip(r)
	took := time.Since(started)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/slack/events" {
		s.times = append(s.times, took)
	}
	return response, err
}

// lap returns the times since the last one, in order of length.
func (s *stopwatch) lap() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	times := s.times
	s.times = nil
	slices.Sort(times)
	return times
}

// ack measures acknowledgements under 45 replies and 5 opening messages a second.
func (b *bench) ack(ctx context.Context, r *results) error {
	b.say("acknowledgements: 45 replies and 5 openings a second for %v", b.window)
	parent, err := b.post(ctx, "")
	if err != nil {
		return err
	}
	if err := b.talk(ctx, parent, b.warmUp); err != nil {
		return err
	}
	b.acks.lap()
	if err := b.talk(ctx, parent, b.window); err != nil {
		return err
	}
	times := b.acks.lap()
	if len(times) == 0 {
		return fmt.Errorf("nothing was delivered")
	}
	at := func(share float64) float64 {
		return float64(times[int(share*float64(len(times)-1))].Microseconds()) / 1000
	}
	r.AckP50, r.AckP99 = at(0.50), at(0.99)
	return nil
}

// talk posts 50 messages a second, one in ten an opening, whether or not earlier ones were answered.
func (b *bench) talk(ctx context.Context, parent string, length time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var posting sync.WaitGroup
	defer posting.Wait()
	failed := make(chan error, 1)
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-tick.C:
		}
		thread := parent
		if n%10 == 0 {
			thread = ""
		}
		posting.Go(func() {
			if _, err := b.post(context.WithoutCancel(ctx), thread); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
}

// post writes a message as Rita; thread is "" for an opening. Each is about another error, or they would all be one incident.
func (b *bench) post(ctx context.Context, thread string) (string, error) {
	text := fmt.Sprintf("VPN drops every ten minutes, in the office and at home: %d", b.posted.Add(1))
	args := map[string]any{"channel": help, "user": "U0RITA", "text": text}
	if thread != "" {
		args["thread_ts"] = thread
	}
	answer, err := b.stack.Control(ctx, "post", args)
	if err != nil {
		return "", err
	}
	ts, _ := answer["ts"].(string)
	return ts, nil
}
