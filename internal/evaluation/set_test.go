package evaluation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/evaluation"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// What is wrong with a file is said with its line, and without what is written in it.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	const marker = "quetzalcoatlus"
	for name, tt := range map[string]struct{ csv, jsonl, says string }{
		"empty table":    {csv: "", says: "there is no request in it"},
		"only its head":  {csv: "text,label,priority\n", says: "there is no request in it"},
		"no column":      {csv: "text,label\n" + marker + ",network\n", says: `line 1 names no column "priority"; needed are text, label and priority`},
		"no text":        {csv: "text,label,priority\nVPN,network,low\n ,network,low\n", says: "line 3 has no text"},
		"no label":       {csv: "text,label,priority\n" + marker + ",,low\n", says: "line 2 has no label"},
		"odd priority":   {csv: "text;label;priority\n" + marker + ";network;P1\n", says: "line 2 has no priority that is one of critical, high, medium and low"},
		"short row":      {csv: "text,label,priority\n\"two\nlines\",network,low\n" + marker + "\n", says: "line 4: wrong number of fields"},
		"open quote":     {csv: "text,label,priority\n\"" + marker + ",network,low\n", says: "line 2: extraneous or missing \" in quoted-field"},
		"twice an id":    {csv: "id,text,label,priority\n7,VPN,network,low\n7,VPN,network,low\n", says: "lines 2 and 3 have the same id"},
		"empty lines":    {jsonl: "\n\n", says: "there is no request in it"},
		"no JSON":        {jsonl: "{\"text\":\"VPN\",\"label\":\"network\",\"priority\":\"low\"}\n\n" + marker + "\n", says: "line 3 is not a JSON object"},
		"another type":   {jsonl: `{"text":["` + marker + `"],"label":"network","priority":"low"}`, says: "line 1 is not a JSON object"},
		"no JSON text":   {jsonl: `{"message":"` + marker + `","label":"network","priority":"low"}`, says: "line 1 has no text"},
		"an array":       {jsonl: `[{"text":"` + marker + `"}]`, says: "line 1 is not a JSON object"},
		"a line cut off": {jsonl: `{"text":"` + marker, says: "line 1 is not a JSON object"},
	} {
		set, err := evaluation.ReadCSV(strings.NewReader(tt.csv))
		if tt.jsonl != "" {
			set, err = evaluation.ReadJSONL(strings.NewReader(tt.jsonl))
		}
		if err == nil || set != nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), marker) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
}

// A spreadsheet's table: a byte order mark, semicolons, columns in any order and case, others beside them.
func TestTable(t *testing.T) {
	t.Parallel()
	set, err := evaluation.ReadCSV(strings.NewReader("\ufeffPriority; Text;owner;LABEL;language\r\nHigh;\"VPN; again\";x;Network & VPN;en\r\nlow;\"two\nlines\";y;fax;de\r\n"))
	if err != nil || len(set) != 2 {
		t.Fatalf("%+v, %v", set, err)
	}
	labels := evaluation.LabelsOf(set)
	if len(labels) != 2 || labels[0].Key != "fax" || labels[1].Key != "network" || labels[1].Description == "" {
		t.Errorf("labels %+v", labels)
	}
	if err := evaluation.Fit(set, labels); err != nil || set[0].Label != "network" || set[0].Text != "VPN; again" || set[0].Priority != helpdesk.High || set[0].ID != "2" || set[1].ID != "3" {
		t.Errorf("%+v, %v", set, err)
	}
	if err := evaluation.Fit(set, labels[1:]); err == nil || err.Error() != `line 3 has the label "fax", which is not in the taxonomy` {
		t.Errorf("an unknown label: %v", err)
	}
}

func TestReadLabels(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"- {key: fax, name: Fax, description: Faxes, examples: [no dial tone]}\n- key: other\n  name: Other\n": "",
		`[{"key":"fax","name":"Fax"}]`: "",
		"":                             "is not a list of labels",
		"[]":                           "has no label in it",
		"- {key: fax}":                 "label 1 has no key or no name",
		"- {key: fax, name: A}\n- {key: fax, name: B}": `the key "fax" is there twice`,
		"- {key: fax, name: Fax, colour: red}":         `line 1: a label has no "colour"`,
		"key: fax":                                     "is not a list of labels",
		"- {key: fax, name: Fax}\n- [not, a, label]":   "line 2: is not a label",
		"- {key: fax, name: Fax, active: false}":       "has no active label",
	} {
		labels, err := evaluation.ReadLabels(strings.NewReader(text))
		if says == "" && (err != nil || labels[0].Key != "fax" || labels[0].Name != "Fax") || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %+v, %v; want %q", text, labels, err, says)
		}
	}
}

// The set that ships is what we say it is: at least 300 requests in five languages, every label in each, halves of equal size.
func TestShippedSet(t *testing.T) {
	t.Parallel()
	set, err := evaluation.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	labels := helpdesk.StarterTaxonomy()
	if err := evaluation.Fit(set, labels); err != nil {
		t.Fatal(err)
	}
	texts := make(map[string]bool)
	cells := make(map[[3]string]int)
	for _, q := range set {
		if texts[q.Text] || !slices.Contains([]string{evaluation.Tune, evaluation.HeldOut}, q.Split) {
			t.Errorf("request %s is there twice or in no half", q.ID)
		}
		texts[q.Text] = true
		cells[[3]string{q.Language, q.Label, q.Split}]++
	}
	if tune, heldOut := evaluation.Half(set, evaluation.Tune), evaluation.Half(set, evaluation.HeldOut); len(set) < 300 || len(tune) != len(heldOut) {
		t.Errorf("%d requests, %d to tune and %d held out", len(set), len(tune), len(heldOut))
	}
	for _, language := range []string{"en", "de", "fr", "es", "it"} {
		for _, l := range labels {
			for _, split := range []string{evaluation.Tune, evaluation.HeldOut} {
				if n := cells[[3]string{language, l.Key, split}]; n < 3 {
					t.Errorf("%d requests in %s of %s, %s", n, language, l.Key, split)
				}
			}
		}
	}
}
