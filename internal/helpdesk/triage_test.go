package helpdesk_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	labels := []helpdesk.Label{{Key: "network", Name: "Network"}, {Key: "other", Name: "Other"}}
	const marker = "quetzalcoatlus"
	for name, tt := range map[string]struct {
		label, priority, summary string
		labels                   []helpdesk.Label
		field                    string // of the complaint; "" where it is valid
	}{
		"valid":                  {"network", "high", "VPN", labels, ""},
		"the last of the list":   {"other", "low", "V", labels, ""},
		"critical":               {"network", "critical", "VPN", labels, ""},
		"medium":                 {"network", "medium", "VPN", labels, ""},
		"160 characters":         {"network", "high", strings.Repeat("ü", 160), labels, ""},
		"161 characters":         {"network", "high", strings.Repeat("ü", 160) + "x", labels, "summary"},
		"a long marker":          {"network", "high", strings.Repeat(marker, 20), labels, "summary"},
		"no summary":             {"network", "high", "", labels, "summary"},
		"a summary of spaces":    {"network", "high", " \t\n\u00a0\u2028", labels, "summary"},
		"no label":               {"", "high", "VPN", labels, "label"},
		"a label of nobody":      {marker, "high", "VPN", labels, "label"},
		"a name is no key":       {"Network", "high", "VPN", labels, "label"},
		"a key and a space":      {"network ", "high", "VPN", labels, "label"},
		"no labels":              {"network", "high", "VPN", nil, "label"},
		"no priority":            {"network", "", "VPN", labels, "priority"},
		"priority in capitals":   {"network", "HIGH", "VPN", labels, "priority"},
		"a priority of nobody":   {"network", marker, "VPN", labels, "priority"},
		"the label comes first":  {marker, marker, "", labels, "label"},
		"then comes the urgency": {"network", marker, "", labels, "priority"},
	} {
		err := helpdesk.Triage{Label: tt.label, Priority: helpdesk.Priority(tt.priority), Summary: tt.summary}.Validate(tt.labels)
		switch {
		case tt.field == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.field != "" && (!errors.Is(err, helpdesk.ErrInvalid) || !strings.HasPrefix(err.Error(), "triage "+tt.field+" ")):
			t.Errorf("%s: %v, want a complaint about the %s", name, err, tt.field)
		case err != nil && strings.Contains(err.Error(), marker):
			t.Errorf("%s: the error quotes: %v", name, err)
		}
	}
}

func TestPriorities(t *testing.T) {
	t.Parallel()
	if got, want := helpdesk.Priorities(), []helpdesk.Priority{"critical", "high", "medium", "low"}; !slices.Equal(got, want) {
		t.Errorf("the priorities are %v, want %v", got, want)
	}
	for _, p := range helpdesk.Priorities() {
		if !p.Valid() {
			t.Errorf("%s is not valid", p)
		}
	}
	for _, p := range []helpdesk.Priority{"", "urgent", "High", "low "} {
		if p.Valid() {
			t.Errorf("%q is valid", p)
		}
	}
}

// A Pro plan has at most ten labels, and a new workspace may come to be one.
func TestStarterTaxonomy(t *testing.T) {
	t.Parallel()
	labels := helpdesk.StarterTaxonomy()
	if len(labels) == 0 || len(labels) > 10 {
		t.Errorf("%d labels", len(labels))
	}
	key := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	keys, names, examples := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	for _, l := range labels {
		if !key.MatchString(l.Key) || keys[l.Key] {
			t.Errorf("the key %q is not made of a-z, 0-9 and -, or not unique", l.Key)
		}
		if strings.TrimSpace(l.Name) == "" || len(l.Name) > 75 || names[l.Name] { // the longest option of a menu in Slack
			t.Errorf("the name of %s, %q, is empty, too long or not unique", l.Key, l.Name)
		}
		if l.Description == "" || len(l.Examples) == 0 {
			t.Errorf("%s has no description or no example", l.Key)
		}
		for _, e := range l.Examples {
			if strings.TrimSpace(e) == "" || examples[e] {
				t.Errorf("%s has the example %q, which is empty or not unique", l.Key, e)
			}
			examples[e] = true
		}
		keys[l.Key], names[l.Name] = true, true
		if !helpdesk.Known(labels, l.Key) || helpdesk.Known(labels, l.Name+"?") {
			t.Errorf("%s is not known by its key alone", l.Key)
		}
	}
	if !keys["other"] {
		t.Error("there is no label for the rest")
	}
	labels[0].Key, labels[0].Examples[0] = "changed", "changed"
	if again := helpdesk.StarterTaxonomy(); again[0].Key == "changed" || again[0].Examples[0] == "changed" {
		t.Error("two workspaces share a taxonomy")
	}
}
