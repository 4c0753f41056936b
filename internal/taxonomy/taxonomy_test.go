package taxonomy_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/taxonomy"
)

// Whatever an admin may write comes back from a file as it was.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		label := rapid.Custom(func(t *rapid.T) helpdesk.Label {
			return helpdesk.Label{
				Key: rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "key"), Name: rapid.String().Draw(t, "name"),
				Description: rapid.String().Draw(t, "description"), Examples: rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "examples"),
				Inactive: rapid.Bool().Draw(t, "inactive"), Default: rapid.Bool().Draw(t, "default"), Agent: rapid.String().Draw(t, "agent"),
			}
		})
		labels := rapid.SliceOfN(label, 1, 10).Draw(t, "labels")
		var file bytes.Buffer
		if err := taxonomy.Write(&file, labels); err != nil {
			t.Fatal(err)
		}
		got, err := taxonomy.Read(bytes.NewReader(file.Bytes()))
		if err != nil || !reflect.DeepEqual(got.Labels, labels) {
			t.Fatalf("%v\n got %+v\nwant %+v\n%s", err, got.Labels, labels, file.Bytes())
		}
	})
}

func TestReadSaysWhere(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                                       "is not a list of labels with key, name, description, examples, active, default, agent",
		"key: fax":                               "is not a list of labels",
		"[]":                                     "has no label in it",
		"- {key: fax":                            "is not YAML: yaml: line 1",
		"- key: fax\n- [a, list]":                "line 2: is not a label",
		"- key: fax\n  name: Fax\n  colour: red": `line 3: a label has no "colour"; it has key,`,
		"- key: fax\n  name: Fax\n- key: a\n  examples: one":          "the label in line 3: yaml: unmarshal errors:\n  line 4",
		"- key: fax\n  key: fix":                                      "the label in line 1",
		"- key: fax\n  active: perhaps":                               "line 2: cannot unmarshal",
		"- {key: a, name: " + strings.Repeat("x", 4<<20) + "}":        "is longer than 4 MiB",
		"- &a {key: fax, name: Fax}\n- *a":                            "line 2: is not a label",
		"- {key: !!binary aGk=, name: Fax}\n- {key: other\n  x: [}\n": "is not YAML",
	} {
		if _, err := taxonomy.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60q: %v, want %q", text, err, says)
		}
	}
}

func TestCheckSaysWhereAndWhatToDo(t *testing.T) {
	t.Parallel()
	f, err := taxonomy.Read(strings.NewReader("# ours\n- key: Fax\n  name: Fax\n\n- key: other\n  name: fax\n"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "line 2: label \"Fax\": the key may have a-z, 0-9 and - only\n" +
		"line 5: label \"other\": has the name of label \"Fax\", and people could not tell them apart; rename one\n" +
		"no label is the default; mark the one for what fits no other with 'default: true'"
	if err := f.Check(helpdesk.Pro()); err == nil || err.Error() != want {
		t.Errorf("it says\n%v\nwant\n%s", err, want)
	}
}

func TestStarters(t *testing.T) {
	t.Parallel()
	for _, s := range taxonomy.Starters() {
		labels, ok, err := taxonomy.Of(s.Name)
		if !ok || err != nil {
			t.Errorf("%s: %t, %v", s.Name, ok, err)
		}
		if problems := helpdesk.LabelProblems(labels, helpdesk.Pro()); problems != nil {
			t.Errorf("%s: %+v", s.Name, problems)
		}
		if i := slices.IndexFunc(labels, func(l helpdesk.Label) bool { return l.Description == "" || len(l.Examples) < 2 }); i >= 0 {
			t.Errorf("%s: label %s has no description or hardly an example", s.Name, labels[i].Key)
		}
	}
	if labels, ok, err := taxonomy.Of("../starters/small"); ok || err != nil || labels != nil {
		t.Errorf("a starter of no name: %v, %t, %v", labels, ok, err)
	}
}
