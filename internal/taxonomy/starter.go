package taxonomy

import (
	"bytes"
	"embed"
	"fmt"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

//go:embed starters/*.yaml
var starters embed.FS

// Starter is a taxonomy to begin with.
type Starter struct {
	Name string
	For  string // whom it suits
}

// Starters lists what there is to begin with.
func Starters() []Starter {
	return []Starter{
		{"general", "what every new workspace has"},
		{"small", "a team of one or two in IT, who do everything"},
		{"developer", "a software company, whose platform is part of the help desk"},
		{"school", "a school or university"},
	}
}

// Of is the labels of a starter taxonomy; false where there is none of that name.
func Of(starter string) ([]helpdesk.Label, bool, error) {
	if starter == "general" {
		return helpdesk.StarterTaxonomy(), true, nil
	}
	raw, err := starters.ReadFile("starters/" + starter + ".yaml")
	if err != nil {
		return nil, false, nil //nolint:nilerr // embedded: there is no such file
	}
	f, err := Read(bytes.NewReader(raw))
	if err != nil {
		return nil, true, fmt.Errorf("starter taxonomy %s: %w", starter, err)
	}
	return f.Labels, true, nil
}
