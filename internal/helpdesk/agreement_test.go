package helpdesk_test

import (
	"reflect"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func TestAgreements(t *testing.T) {
	t.Parallel()
	type tallies = map[helpdesk.Provider]helpdesk.Tally
	labels, all := helpdesk.Agreements([]helpdesk.Verdict{
		{Machine: "network", By: helpdesk.ByModel, Label: "network", Requests: 20}, {Machine: "network", By: helpdesk.ByModel, Label: "access", Requests: 2},
		{Machine: "network", By: helpdesk.ByLexical, Label: "network", Requests: 3}, {Machine: "other", By: helpdesk.ByLexical, Label: "network", Requests: 4},
	})
	want := []helpdesk.LabelAgreement{
		{Label: "network", Tally: helpdesk.Tally{Triaged: 25, CorrectedAway: 2}, CorrectedTo: 4, By: tallies{"gemini": {22, 2}, "lexical": {3, 0}}},
		{Label: "other", Tally: helpdesk.Tally{Triaged: 4, CorrectedAway: 4}, By: tallies{"lexical": {4, 4}}},
		{Label: "access", CorrectedTo: 2, By: tallies{}},
	}
	if !reflect.DeepEqual(labels, want) {
		t.Errorf("got\n%+v\nwant\n%+v", labels, want)
	}
	if want := (helpdesk.LabelAgreement{Tally: helpdesk.Tally{Triaged: 29, CorrectedAway: 6}, CorrectedTo: 6, By: tallies{"gemini": {22, 2}, "lexical": {7, 4}}}); !reflect.DeepEqual(all, want) {
		t.Errorf("in all %+v, want %+v", all, want)
	}
}

func TestAgreementIsSaidOfEnoughCasesOnly(t *testing.T) {
	t.Parallel()
	for tally, want := range map[helpdesk.Tally]int64{{9, 0}: -1, {10, 0}: 100, {10, 10}: 0, {1000, 1}: 99, {0, 0}: -1} {
		if got, enough := tally.Agreement(); enough != (want >= 0) || enough && got != want {
			t.Errorf("%+v: %d, %t", tally, got, enough)
		}
	}
}
