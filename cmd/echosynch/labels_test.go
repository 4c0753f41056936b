package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// request opens one that a machine has given a label.
func (b *bundle) request(t *testing.T, label string, by helpdesk.Provider) (r helpdesk.Request) {
	t.Helper()
	r = helpdesk.Request{ID: helpdesk.NewRequestID(), Requester: "U0RITA", OpenedAt: time.Now()}
	r.OriginTS = r.ID.String()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, "C0ITHELP")
		if err != nil {
			return err
		}
		r.Channel = c.ID
		if r.Number, err = tx.OpenRequest(ctx, r, []byte("VPN drops"), seal.NewKey()); err != nil {
			return err
		}
		r.Progress = helpdesk.Progress{Version: 1, Status: helpdesk.New, Label: label, Priority: helpdesk.Low, TriagedBy: by}
		_, err = tx.Project(ctx, r.ID, r.Progress)
		return err
	})
	return r
}

func (b *bundle) file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "labels.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (b *bundle) labels(t *testing.T) (labels []helpdesk.Label) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		w, err := tx.Workspace(ctx)
		labels = w.Settings.Labels
		return err
	})
	return labels
}

// audited are the entries about labels, after "labels".
func (b *bundle) audited(t *testing.T) (entries []string) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.AuditLog(ctx, func(e helpdesk.AuditEntry) error {
			if e.Action == helpdesk.AuditLabels {
				entries = append(entries, strings.TrimSpace(fmt.Sprintf("%s %s -> %s", e.Object, e.Before, e.After)))
			}
			return nil
		})
	})
	return entries
}

func TestWhatIsExportedIsImportedWithoutAChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { // as they were stored before a default was marked
		labels := helpdesk.StarterTaxonomy()
		labels[len(labels)-1].Default = false
		return tx.SetLabels(ctx, labels)
	})
	before := b.labels(t)
	exported := execute(t.Context(), b.environ, "labels", "export", "T0ACME")
	if exported.code != 0 || exported.errOut != "" || !strings.HasPrefix(exported.out, "- key: access\n  name: Access & passwords\n") {
		t.Fatalf("%+v", exported)
	}
	b.does(t, "labels import T0ACME --yes "+b.file(t, exported.out), "these are the labels already\n")
	if after := b.labels(t); !reflect.DeepEqual(after, before) || len(b.audited(t)) != 0 {
		t.Errorf("%+v\nwere %+v\naudited %v", after, before, b.audited(t))
	}
}

const ours = `- key: network
  name: Network
  description: VPN and Wi-Fi
  agent: U0DANA
- key: fax
  name: Fax
  examples: [no dial tone]
- key: other
  name: Other
  description: Anything else
  examples: [question about the office, who do I ask, general question]
  default: true
`

func TestImportLabels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.request(t, "hardware", helpdesk.ByLexical)
	line := "labels import T0ACME " + b.file(t, ours)
	b.fails(t, line, `echosynch labels import: label "network": U0DANA is no agent of this workspace; make them one: echosynch agent add T0ACME U0DANA`)
	b.does(t, "agent add T0ACME U0DANA", "")
	const shown = `CHANGE       LABEL       NAME                WHAT
changed      network     Network             name, description, examples, agent
added        fax         Fax                 
removed      access      Access & passwords  
deactivated  hardware    Hardware            requests that have it keep it
removed      software    Software            
removed      email       E-mail & calendar   
removed      printing    Printing            
removed      security    Security            
removed      onboarding  Joiners & leavers   
removed      data        Files & storage     
`
	before := b.labels(t)
	b.does(t, line+" --dry-run", shown)
	if got := execute(t.Context(), b.environ, strings.Fields(line)...); got != (result{exitFailed, shown + "Change the labels of T0ACME? [y/N] ", "echosynch labels import: nothing was changed\n"}) {
		t.Errorf("without an answer: %+v", got)
	}
	if after := b.labels(t); !reflect.DeepEqual(after, before) {
		t.Errorf("looking at it changed the labels: %+v", after)
	}
	b.does(t, line+" --yes", shown+"3 labels are active\n")
	want := []helpdesk.Label{
		{Key: "network", Name: "Network", Description: "VPN and Wi-Fi", Agent: "U0DANA"}, {Key: "fax", Name: "Fax", Examples: []string{"no dial tone"}},
		helpdesk.StarterTaxonomy()[9], helpdesk.StarterTaxonomy()[2],
	}
	want[3].Inactive = true
	if after := b.labels(t); !reflect.DeepEqual(after, want) {
		t.Errorf("the labels are\n%+v\nwant\n%+v", after, want)
	}
	if got := b.audited(t); !reflect.DeepEqual(got, []string{"10 labels -> 4 labels: 1 added, 1 changed, 0 activated, 1 deactivated, 7 removed"}) {
		t.Errorf("audited %q", got)
	}
	b.does(t, line+" --yes", "these are the labels already\n")
	b.does(t, "labels import T0ACME --yes "+b.file(t, ours+"- {key: hardware, name: Hardware, description: Things}\n"), `CHANGE     LABEL     NAME      WHAT
activated  hardware  Hardware  
changed    hardware  Hardware  description, examples
4 labels are active
`)
}

func TestImportRefusesWhatIsNoTaxonomy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := b.labels(t)
	file := b.file(t, "- {key: fax, name: Fax}\n- {key: fax, name: Other}\n")
	b.fails(t, "labels import T0ACME "+file, "echosynch labels import: "+file+" cannot be the taxonomy:\n"+
		"line 2: label \"fax\": the key is there twice; give one of them another key\n"+
		"no label is the default; mark the one for what fits no other with 'default: true'")
	file = b.file(t, "- {key: fax, name: Fax, color: red}\n")
	b.fails(t, "labels import T0ACME "+file, "echosynch labels import: "+file+`: line 1: a label has no "color"; it has key, name, description, examples, active, default, agent`)
	b.fails(t, "labels import T0ACME missing.yaml", "echosynch labels import: missing.yaml: no such file or directory")
	for _, args := range []string{"T0ACME", "T0ACME " + file + " --starter small", "T0ACME --starter huge", "acme --starter small"} {
		if got := execute(t.Context(), b.environ, strings.Fields("labels import "+args)...); got.code != exitUsage {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if after := b.labels(t); !reflect.DeepEqual(after, before) {
		t.Errorf("what was refused changed the labels: %+v", after)
	}
}

func TestStarters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	list := execute(t.Context(), nil, "labels", "starters")
	for _, name := range []string{"general", "small", "developer", "school"} {
		if !strings.Contains(list.out, "\n"+name+" ") {
			t.Errorf("%s is not listed: %+v", name, list)
		}
		if got := execute(t.Context(), b.environ, "labels", "import", "T0ACME", "--yes", "--starter", name); got.code != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	raw, err := json.Marshal(b.labels(t))
	if err != nil || !strings.Contains(string(raw), "Classroom technology") {
		t.Errorf("%s, %v", raw, err)
	}
}

// Who is no agent any more gets no requests: their labels route to nobody, and those of others stay as they are.
func TestARemovedAgentGetsNoRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.does(t, "agent add T0ACME U0DANA", "")
	want := helpdesk.StarterTaxonomy()
	want[0].Agent, want[1].Agent, want[2].Agent = "U0DANA", "U0ALEX", "U0DANA"
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.SetLabels(ctx, want) })
	b.does(t, "agent remove T0ACME U0DANA", "")
	want[0].Agent, want[2].Agent = "", ""
	if got := b.labels(t); !reflect.DeepEqual(got, want) {
		t.Errorf("the labels are\n%+v\nwant\n%+v", got, want)
	}
}

// What was shown is what is done: where requests carry a label since that was to be removed, nothing is.
func TestLabelsThatMovedAreLookedAtAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	o, err := app.OpenOperator(t.Context(), config.Config{DatabaseURL: secret.New(b.environ["DATABASE_URL"])}, "T0ACME", "root")
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	want := []helpdesk.Label{{Key: "other", Name: "Other", Default: true}}
	shown, err := o.PreviewLabels(t.Context(), want)
	if err != nil || shown.Count(helpdesk.LabelRemoved) != 9 {
		t.Fatalf("%+v, %v", shown, err)
	}
	before := b.labels(t)
	b.request(t, "printing", helpdesk.ByLexical)
	if err := o.ImportLabels(t.Context(), want, shown); !errors.Is(err, app.ErrLabelsMoved) {
		t.Errorf("imported: %v", err)
	}
	if after := b.labels(t); !reflect.DeepEqual(after, before) || len(b.audited(t)) != 0 {
		t.Errorf("the labels are %+v, audited %v", after, b.audited(t))
	}
}
