package activities_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// ephemeral is what only one person sees.
type ephemeral struct {
	User    string `json:"user"`
	Channel string `json:"channel"`
	Text    string `json:"text"`
}

func (b *bundle) ephemerals(t *testing.T) []ephemeral {
	t.Helper()
	res, err := http.Get(b.sim + "/sim/state") //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var state struct {
		Ephemerals []ephemeral `json:"ephemerals"`
	}
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	return state.Ephemerals
}

func TestWhisperSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in, p := b.request(t)
	told := activities.SecretsInput{RequestInput: in, Kinds: []helpdesk.SecretKind{helpdesk.SecretPassword, helpdesk.SecretToken}}
	if failed := b.run(b.WhisperSecrets, told); failed != "" {
		t.Fatal(failed)
	}
	got := b.ephemerals(t)
	if len(got) != 1 || got[0].User != rita || got[0].Channel != help || !strings.Contains(got[0].Text, "a password or PIN and an access token or key") {
		t.Errorf("told %+v", got)
	}
	p.Version, p.Status = p.Version+1, helpdesk.Withdrawn
	if failed := b.run(b.Project, activities.StateInput{RequestInput: in, Progress: p}); failed != "" {
		t.Fatal(failed)
	}
	if failed := b.run(b.WhisperSecrets, told); failed != "" || len(b.ephemerals(t)) != 1 {
		t.Errorf("after the message was deleted: %q, %d ephemerals", failed, len(b.ephemerals(t)))
	}
}
