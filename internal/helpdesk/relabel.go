package helpdesk

import (
	"reflect"
	"slices"
)

// LabelStep is what a new taxonomy does to one label.
type LabelStep struct {
	Kind   LabelStepKind
	Label  Label
	Fields []string // of a changed one
}

// LabelStepKind is the kind of a step.
type LabelStepKind string

// The kinds. What is removed no request carries; a label that requests carry is deactivated.
const (
	LabelAdded       LabelStepKind = "added"
	LabelChanged     LabelStepKind = "changed"
	LabelActivated   LabelStepKind = "activated"
	LabelDeactivated LabelStepKind = "deactivated"
	LabelRemoved     LabelStepKind = "removed"
)

// LabelChange is the way from one taxonomy to another.
type LabelChange struct {
	Before, After []Label
	Steps         []LabelStep
	Reordered     bool
}

// Nothing reports whether nothing changes.
func (c LabelChange) Nothing() bool { return len(c.Steps) == 0 && !c.Reordered }

// Count is how many steps are of a kind.
func (c LabelChange) Count(kind LabelStepKind) (n int) {
	for _, s := range c.Steps {
		if s.Kind == kind {
			n++
		}
	}
	return n
}

// Relabel is the way from the taxonomy now to the one that is wanted. Labels are the same where their keys are. One that is
// not wanted goes, unless it is among those that requests carry: it is deactivated, and keeps its name.
func Relabel(now, want []Label, carried []string) LabelChange {
	c := LabelChange{Before: Marked(now), After: slices.Clone(want)}
	for _, l := range want {
		i := slices.IndexFunc(c.Before, func(b Label) bool { return b.Key == l.Key })
		if i < 0 {
			c.step(LabelAdded, l, nil)
			continue
		}
		before := c.Before[i]
		switch {
		case l.Inactive && !before.Inactive:
			c.step(LabelDeactivated, l, nil)
		case !l.Inactive && before.Inactive:
			c.step(LabelActivated, l, nil)
		}
		if fields := before.differs(l); len(fields) > 0 {
			c.step(LabelChanged, l, fields)
		}
	}
	for _, l := range c.Before {
		switch {
		case Known(want, l.Key):
		case !slices.Contains(carried, l.Key):
			c.step(LabelRemoved, l, nil)
		default:
			if !l.Inactive {
				l.Inactive, l.Default, l.Agent = true, false, ""
				c.step(LabelDeactivated, l, nil)
			}
			c.After = append(c.After, l)
		}
	}
	c.Reordered = len(c.Steps) == 0 && !slices.EqualFunc(c.Before, c.After, func(a, b Label) bool { return a.Key == b.Key })
	return c
}

func (c *LabelChange) step(kind LabelStepKind, l Label, fields []string) {
	c.Steps = append(c.Steps, LabelStep{Kind: kind, Label: l, Fields: fields})
}

// differs names the fields in which l is another than before, whether they are active aside.
func (l Label) differs(than Label) (fields []string) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"name", l.Name == than.Name}, {"description", l.Description == than.Description},
		{"examples", slices.Equal(l.Examples, than.Examples)}, {"default", l.Default == than.Default}, {"agent", l.Agent == than.Agent},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// Equal reports whether both are the same way.
func (c LabelChange) Equal(d LabelChange) bool { return reflect.DeepEqual(c, d) }
