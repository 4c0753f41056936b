package evaluation

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/taxonomy"
)

// LabelsOf are the labels that the requests of a set have: their own by name, and then those of the starter taxonomy, which are
// known by key or name and come with descriptions.
func LabelsOf(set []Request) []helpdesk.Label {
	labels := slices.DeleteFunc(helpdesk.StarterTaxonomy(), func(l helpdesk.Label) bool {
		return !slices.ContainsFunc(set, func(q Request) bool { return means(q.Label, l) })
	})
	var own []helpdesk.Label
	for _, q := range set {
		if indexOf(labels, q.Label) < 0 && indexOf(own, q.Label) < 0 {
			own = append(own, helpdesk.Label{Key: q.Label, Name: strings.NewReplacer("-", " ", "_", " ").Replace(q.Label)})
		}
	}
	slices.SortFunc(own, func(a, b helpdesk.Label) int { return strings.Compare(a.Key, b.Key) })
	return append(own, labels...) // "other", where it is used, stays the last
}

// means reports whether a label of a file is l, by key or by name.
func means(label string, l helpdesk.Label) bool {
	return label == l.Key || strings.EqualFold(label, l.Name)
}

func indexOf(labels []helpdesk.Label, label string) int {
	return slices.IndexFunc(labels, func(l helpdesk.Label) bool { return means(label, l) })
}

// ReadLabels reads the file of a taxonomy; see package taxonomy. It need not be fit for a workspace: the active labels must have a key
// and a name.
func ReadLabels(r io.Reader) ([]helpdesk.Label, error) {
	file, err := taxonomy.Read(r)
	if err != nil {
		return nil, err
	}
	labels := helpdesk.Active(file.Labels)
	if len(labels) == 0 {
		return nil, errors.New("has no active label in it")
	}
	for i, l := range labels {
		switch {
		case l.Key == "" || l.Name == "":
			return nil, fmt.Errorf("label %d has no key or no name", i+1)
		case helpdesk.Known(labels[:i], l.Key):
			return nil, fmt.Errorf("the key %q is there twice", l.Key)
		}
	}
	return labels, nil
}

// Fit makes the labels of a set keys of a taxonomy: they may be its names, too. It refuses a label that is in neither.
func Fit(set []Request, labels []helpdesk.Label) error {
	for i, q := range set {
		at := indexOf(labels, q.Label)
		if at < 0 {
			return fmt.Errorf("line %d has the label %q, which is not in the taxonomy", q.line, q.Label)
		}
		set[i].Label = labels[at].Key
	}
	return nil
}
