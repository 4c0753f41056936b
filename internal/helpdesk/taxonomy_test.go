package helpdesk_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// taxonomy is a valid one of two labels, changed.
func taxonomy(change func([]helpdesk.Label) []helpdesk.Label) []helpdesk.Label {
	return change([]helpdesk.Label{{Key: "network", Name: "Network", Agent: "U0DANA"}, {Key: "other", Name: "Other", Default: true}})
}

func TestValidateLabels(t *testing.T) {
	t.Parallel()
	type labels = []helpdesk.Label
	many := func(l labels, n int, inactive bool) labels {
		for i := range n {
			l = append(l, helpdesk.Label{Key: fmt.Sprint("l", i), Name: fmt.Sprint("L", i), Inactive: inactive})
		}
		return l
	}
	for name, tt := range map[string]struct {
		change func(labels) labels
		want   string // of the complaint; "" where it is valid
	}{
		"two labels":       {func(l labels) labels { return l }, ""},
		"one label":        {func(l labels) labels { return l[1:] }, ""},
		"an inactive one":  {func(l labels) labels { l[0].Inactive = true; return l }, ""},
		"the plan's most":  {func(l labels) labels { return many(l, 8, false) }, ""},
		"one more":         {func(l labels) labels { return many(l, 9, false) }, "11 labels are active, and the Pro plan has 10 at most; deactivate 1"},
		"inactive ones":    {func(l labels) labels { return many(l, helpdesk.MaxLabels-2, true) }, ""},
		"too many of all":  {func(l labels) labels { return many(l, helpdesk.MaxLabels-1, true) }, "301 labels are too many"},
		"a name at bounds": {func(l labels) labels { l[0].Name = strings.Repeat("ü", helpdesk.MaxLabelName); return l }, ""},
		"a long name":      {func(l labels) labels { l[0].Name = strings.Repeat("ü", helpdesk.MaxLabelName+1); return l }, `label "network": the name is longer than 75`},
		"no name":          {func(l labels) labels { l[0].Name = " "; return l }, `label "network": has no name`},
		"two lines":        {func(l labels) labels { l[0].Name = "Net\nwork"; return l }, `label "network": the name has a line break`},
		"no key":           {func(l labels) labels { l[0].Key = ""; return l }, "has no key"},
		"a capital":        {func(l labels) labels { l[0].Key = "Network"; return l }, `label "Network": the key may have a-z, 0-9 and - only`},
		"a long key":       {func(l labels) labels { l[0].Key = strings.Repeat("k", helpdesk.MaxLabelKey+1); return l }, "the key is longer than 40"},
		"a key twice":      {func(l labels) labels { l[0].Key = "other"; return l }, `label "other": the key is there twice`},
		"a name twice":     {func(l labels) labels { l[0].Name = "OTHER"; return l }, `label "other": has the name of label "network"`},
		"a name of old":    {func(l labels) labels { l[0].Name, l[0].Inactive = "Other", true; return l }, ""},
		"a long story":     {func(l labels) labels { l[0].Description = strings.Repeat("d", 301); return l }, "the description is longer than 300"},
		"many examples":    {func(l labels) labels { l[0].Examples = make([]string, 21); return l }, "has 21 examples, 20 at most"},
		"an empty example": {func(l labels) labels { l[0].Examples = []string{"VPN", "\t"}; return l }, "example 2 is empty"},
		"a long example":   {func(l labels) labels { l[0].Examples = []string{strings.Repeat("e", 201)}; return l }, "example 1 is longer than 200"},
		"no person":        {func(l labels) labels { l[0].Agent = "@dana"; return l }, `label "network": the agent is no Slack user id`},
		"no label":         {func(labels) labels { return nil }, "no label is active"},
		"none is active":   {func(l labels) labels { l[0].Inactive, l[1].Inactive = true, true; return l }, "no label is active"},
		"no default":       {func(l labels) labels { l[1].Default = false; return l }, "no label is the default"},
		"two defaults":     {func(l labels) labels { l[0].Default = true; return l }, `label "other": there is a default already`},
		"inactive default": {func(l labels) labels { l[1].Inactive = true; return l }, `label "other": is the default and inactive`},
	} {
		got := helpdesk.LabelProblems(taxonomy(tt.change), helpdesk.Pro())
		said := slices.ContainsFunc(got, func(p helpdesk.LabelProblem) bool { return strings.Contains(p.What, tt.want) })
		if said != (tt.want != "") || tt.want == "" && got != nil {
			t.Errorf("%s: %+v, want %q", name, got, tt.want)
		}
	}
}

func TestTheStarterTaxonomyFitsEveryPlan(t *testing.T) {
	t.Parallel()
	for _, plan := range []helpdesk.Plan{helpdesk.Pro(), helpdesk.Enterprise()} {
		if got := helpdesk.LabelProblems(helpdesk.StarterTaxonomy(), plan); got != nil {
			t.Errorf("%s: %+v", plan.Name, got)
		}
	}
}

func TestActiveAndFallback(t *testing.T) {
	t.Parallel()
	all := []helpdesk.Label{{Key: "a", Inactive: true}, {Key: "b"}, {Key: "c"}}
	if got := helpdesk.Active(all); !reflect.DeepEqual(got, all[1:]) || len(all) != 3 || !all[0].Inactive {
		t.Errorf("active are %+v of %+v", got, all)
	}
	for name, tt := range map[string]struct {
		labels []helpdesk.Label
		want   int
	}{
		"the default":           {[]helpdesk.Label{{Key: "a"}, {Key: "b", Default: true}, {Key: "other"}, {Key: "d"}}, 1},
		"none marked, other":    {[]helpdesk.Label{{Key: "a"}, {Key: "other"}, {Key: "b"}}, 1},
		"none marked, no other": {all, 2},
	} {
		if got := helpdesk.Fallback(tt.labels); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
		if marked := helpdesk.Marked(tt.labels); !marked[tt.want].Default || helpdesk.Fallback(marked) != tt.want {
			t.Errorf("%s: marked are %+v", name, marked)
		}
	}
	if all[2].Default {
		t.Error("marking changed the list it was given")
	}
}
