package helpdesk

import (
	"cmp"
	"slices"
)

// Verdict is how many requests a provider gave one label and which they have now: another one only where an agent chose it.
type Verdict struct {
	Machine  string
	By       Provider
	Label    string
	Requests int64
}

// Tally is how many requests a machine labelled, and how many of those an agent gave another label.
type Tally struct {
	Triaged       int64 `json:"triaged"`
	CorrectedAway int64 `json:"corrected_away"`
}

// EnoughCases is how many requests an agreement is said of at least.
const EnoughCases = 10

// Agreement is the share of requests whose label nobody corrected, in whole per cent, rounded down; false below [EnoughCases].
func (t Tally) Agreement() (percent int64, enough bool) {
	if t.Triaged < EnoughCases {
		return 0, false
	}
	return 100 * (t.Triaged - t.CorrectedAway) / t.Triaged, true
}

func (t Tally) plus(requests int64, corrected bool) Tally {
	t.Triaged += requests
	if corrected {
		t.CorrectedAway += requests
	}
	return t
}

// LabelAgreement is how often agents agree with a machine's label.
type LabelAgreement struct {
	Label string
	Tally
	CorrectedTo int64 // requests that an agent gave this label in place of another
	By          map[Provider]Tally
}

// Agreements sums verdicts for each label, the most frequent first, and for all of them.
func Agreements(verdicts []Verdict) (labels []LabelAgreement, all LabelAgreement) {
	at := map[string]*LabelAgreement{}
	of := func(label string) *LabelAgreement {
		if at[label] == nil {
			at[label] = &LabelAgreement{Label: label, By: map[Provider]Tally{}}
		}
		return at[label]
	}
	all.By = map[Provider]Tally{}
	for _, v := range verdicts {
		corrected := v.Label != v.Machine
		for _, a := range []*LabelAgreement{of(v.Machine), &all} {
			a.Tally = a.plus(v.Requests, corrected)
			a.By[v.By] = a.By[v.By].plus(v.Requests, corrected)
		}
		if corrected {
			of(v.Label).CorrectedTo += v.Requests
			all.CorrectedTo += v.Requests
		}
	}
	for _, a := range at {
		labels = append(labels, *a)
	}
	slices.SortFunc(labels, func(a, b LabelAgreement) int {
		return cmp.Or(cmp.Compare(b.Triaged, a.Triaged), cmp.Compare(a.Label, b.Label))
	})
	return labels, all
}
