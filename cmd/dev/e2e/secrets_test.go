package e2e_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A message with a key and a password in prose: the model is not told them, so that even one that repeats every word repeats
// none of them, and whoever wrote it is told which kinds they are, once.
func TestSecretsStayWhereTheyWereWritten(t *testing.T) {
	const key, password, mail = "AKIA" + "Q3EGV7ZK2LMNOP45", "Okapi!Summer2026", "okapi@acme.example"
	if _, err := running.GeminiControl(t.Context(), "fault", map[string]any{"mode": "echo", "times": 100}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := running.GeminiControl(context.WithoutCancel(t.Context()), "reset", nil); err != nil {
			t.Error(err)
		}
	})
	k := open(t, sam, "aardvark: VPN is down. My password is "+password+", the key "+key+", write to "+mail)
	k.shows(t, "PASSWORD-1")
	whispered(t, sam, "a password or PIN and an access token or key")
	control(t, "edit", map[string]any{"channel": help, "ts": k.ts, "text": "aardvark: VPN is down, " + password + " is my password. One-time code: 730155"})
	eventually(t, 60*time.Second, "the summary of the second text", func() bool { return strings.Contains(k.shown(t), "CODE-1") })
	whispered(t, sam, "a password or PIN and a recovery or one-time code")
	settled(t)

	secrets := []string{key, password, mail, "730155"}
	asked := 0
	for _, line := range recorded.lines() {
		if !strings.Contains(line, "aardvark") || !strings.HasPrefix(line, `{"c`) { // "contents" and "candidates": what Gemini hears and says
			continue
		}
		asked++
		for _, secret := range secrets {
			if strings.Contains(line, secret) {
				t.Errorf("the model and we speak of %s: %.300s", secret, line)
			}
		}
	}
	if asked < 4 {
		t.Errorf("%d lines of Gemini's are recorded, want two questions and two answers", asked)
	}
	shown, told := k.shown(t), 0
	for _, e := range state(t).Ephemerals {
		if e.User == sam && strings.Contains(e.Text, "seems to contain") {
			told++
			shown += e.Text
		}
	}
	if told != 2 {
		t.Errorf("told %d times, want once for each text", told)
	}
	for _, secret := range secrets {
		if strings.Contains(shown, secret) {
			t.Errorf("receipt or ephemeral shows %s", secret)
		}
	}
}
