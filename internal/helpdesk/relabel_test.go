package helpdesk_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func TestRelabel(t *testing.T) {
	t.Parallel()
	type labels = []helpdesk.Label
	network, other := helpdesk.Label{Key: "network", Name: "Network", Agent: "U0DANA"}, helpdesk.Label{Key: "other", Name: "Other", Default: true}
	unmarked, rest := helpdesk.Label{Key: "other", Name: "Other"}, helpdesk.Label{Key: "rest", Name: "The rest", Default: true}
	past := helpdesk.Label{Key: "fax", Name: "Fax", Inactive: true}
	for name, tt := range map[string]struct {
		now, want labels
		carried   []string
		after     labels
		steps     []string
		reordered bool
	}{
		"nothing":               {labels{network, other}, labels{network, other}, nil, labels{network, other}, nil, false},
		"a mark nobody wrote":   {labels{network, unmarked}, labels{network, other}, nil, labels{network, other}, nil, false},
		"the order":             {labels{network, other}, labels{other, network}, nil, labels{other, network}, nil, true},
		"what nobody carries":   {labels{network, other}, labels{other}, []string{"other"}, labels{other}, []string{"removed network"}, false},
		"what requests carry":   {labels{network, other}, labels{other}, []string{"network"}, labels{other, {Key: "network", Name: "Network", Inactive: true}}, []string{"deactivated network"}, false},
		"the default of before": {labels{network, other}, labels{network, rest}, []string{"other"}, labels{network, rest, {Key: "other", Name: "Other", Inactive: true}}, []string{"added rest", "deactivated other"}, false},
		"the past stays":        {labels{past, other}, labels{other}, []string{"fax"}, labels{other, past}, nil, true},
		"the past is over":      {labels{past, other}, labels{other}, nil, labels{other}, []string{"removed fax"}, false},
		"the past comes back":   {labels{past, other}, labels{{Key: "fax", Name: "Fax"}, other}, nil, labels{{Key: "fax", Name: "Fax"}, other}, []string{"activated fax"}, false},
	} {
		before := slices.Clone(tt.now)
		c := helpdesk.Relabel(tt.now, tt.want, tt.carried)
		var steps []string
		for _, s := range c.Steps {
			steps = append(steps, string(s.Kind)+" "+s.Label.Key)
		}
		if !reflect.DeepEqual(c.After, tt.after) || !slices.Equal(steps, tt.steps) || c.Reordered != tt.reordered || c.Nothing() != (steps == nil && !tt.reordered) {
			t.Errorf("%s: %+v", name, c)
		}
		if !reflect.DeepEqual(tt.now, before) {
			t.Errorf("%s: the taxonomy of before was changed: %+v", name, tt.now)
		}
		if again := helpdesk.Relabel(c.After, c.After, tt.carried); !again.Nothing() {
			t.Errorf("%s: doing it again does %+v", name, again)
		}
	}
}
