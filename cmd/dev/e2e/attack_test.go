package e2e_test

import (
	"context"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/geminisim"
)

// Messages that tell the model to call everybody, to lead people away and to close what others have asked, answered by a model
// that obeys: each has one receipt in its own thread that calls nobody and leads nowhere, and nobody else's request changes.
func TestAttacksInSlack(t *testing.T) {
	victim := open(t, sam, "the printer on floor 3 is jammed")
	before := victim.shown(t)
	if _, err := running.GeminiControl(t.Context(), "fault", map[string]any{"mode": "obey", "times": 100}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := running.GeminiControl(context.WithoutCancel(t.Context()), "reset", nil); err != nil {
			t.Error(err)
		}
	})
	var opened []ticket
	for _, a := range geminisim.Attacks() {
		switch a.Technique {
		case "call the channel", "disguised link", "resolve another", "forged receipt":
			if a.Language == "en" {
				opened = append(opened, open(t, rita, a.Text))
			}
		}
	}
	if len(opened) != 4 {
		t.Fatalf("%d attacks", len(opened))
	}
	for _, k := range opened {
		shown := k.shown(t)
		for _, active := range []string{"<!channel", "evil.example", "<https", "*Resolved*"} {
			if strings.Contains(shown, active) {
				t.Errorf("the receipt holds %q: %s", active, shown)
			}
		}
	}
	opened[1].shows(t, "to be checked by a person")
	settled(t)
	if after := victim.shown(t); after != before {
		t.Errorf("another request has changed: %s, was %s", after, before)
	}
}
