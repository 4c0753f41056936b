package helpdesk

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a taxonomy. A name fits Slack's menus; the rest keeps a prompt short.
const (
	MaxLabelKey         = 40
	MaxLabelName        = 75
	MaxLabelDescription = 300
	MaxExamples         = 20 // of one label
	MaxExample          = 200
	MaxLabels           = 300 // with the inactive ones
)

// Plan is what a workspace has booked; its limits are data.
type Plan struct {
	Name      string
	MaxLabels int // active ones
}

// Pro is the smaller plan.
func Pro() Plan { return Plan{Name: "Pro", MaxLabels: 10} }

// Enterprise is the larger plan. Slack shows 100 options in a menu.
func Enterprise() Plan { return Plan{Name: "Enterprise", MaxLabels: 100} }

// Plan is what w has booked: every workspace is on a trial of Enterprise.
func (w Workspace) Plan() Plan { return Enterprise() }

// Active are the labels that a request can get. The others are the past of requests that carry them.
func Active(labels []Label) []Label {
	return slices.DeleteFunc(slices.Clone(labels), func(l Label) bool { return l.Inactive })
}

// Fallback is the index of the label for what fits none: the default. Where none is marked, as in settings that are older
// than the mark, it is "other", or else the last. There must be a label.
func Fallback(labels []Label) int {
	if i := slices.IndexFunc(labels, func(l Label) bool { return l.Default }); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(labels, func(l Label) bool { return l.Key == "other" }); i >= 0 {
		return i
	}
	return len(labels) - 1
}

// Marked is a copy of labels with the default marked.
func Marked(labels []Label) []Label {
	labels = slices.Clone(labels)
	if len(labels) > 0 {
		labels[Fallback(labels)].Default = true
	}
	return labels
}

// LabelProblem is what is wrong with a taxonomy, and what to do. It is for who wrote the taxonomy: it names the label.
type LabelProblem struct {
	Index int // of the label; -1 where it is about all of them
	What  string
}

var (
	labelKey   = regexp.MustCompile(`^[a-z0-9-]+$`)
	personForm = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)
)

// LabelProblems is why a list cannot be the taxonomy of a workspace on a plan; nothing where it can.
func LabelProblems(labels []Label, plan Plan) (problems []LabelProblem) {
	refuse := func(i int, format string, a ...any) {
		problems = append(problems, LabelProblem{Index: i, What: fmt.Sprintf(format, a...)})
	}
	for i, l := range labels {
		for _, problem := range l.problems() {
			refuse(i, "label %q: %s", l.Key, problem)
		}
		before := labels[:i]
		if l.Key != "" && Known(before, l.Key) {
			refuse(i, "label %q: the key is there twice; give one of them another key", l.Key)
		}
		sameName := func(b Label) bool { return !b.Inactive && strings.EqualFold(b.Name, l.Name) }
		if j := slices.IndexFunc(before, sameName); j >= 0 && l.Name != "" && !l.Inactive {
			refuse(i, "label %q: has the name of label %q, and people could not tell them apart; rename one", l.Key, labels[j].Key)
		}
		if l.Default && slices.ContainsFunc(before, func(b Label) bool { return b.Default }) {
			refuse(i, "label %q: there is a default already; leave one 'default: true'", l.Key)
		}
	}
	active := len(Active(labels))
	switch {
	case active == 0:
		refuse(-1, "no label is active; a request needs one, so write at least one without 'active: false'")
	case active > plan.MaxLabels:
		refuse(-1, "%d labels are active, and the %s plan has %d at most; deactivate %d", active, plan.Name, plan.MaxLabels, active-plan.MaxLabels)
	}
	if len(labels) > MaxLabels {
		refuse(-1, "%d labels are too many, %d at most with the inactive ones; remove some", len(labels), MaxLabels)
	}
	if !slices.ContainsFunc(labels, func(l Label) bool { return l.Default }) {
		refuse(-1, "no label is the default; mark the one for what fits no other with 'default: true'")
	}
	return problems
}

// problems are those of a label alone.
func (l Label) problems() (problems []string) {
	say := func(wrong bool, format string, a ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, a...))
		}
	}
	long := func(s string, most int) bool { return utf8.RuneCountInString(s) > most }
	say(l.Key == "", "has no key; give it a short one of a-z, 0-9 and -, which never changes")
	say(l.Key != "" && !labelKey.MatchString(l.Key), "the key may have a-z, 0-9 and - only")
	say(long(l.Key, MaxLabelKey), "the key is longer than %d characters; shorten it", MaxLabelKey)
	say(strings.TrimSpace(l.Name) == "", "has no name; give it the one that people see")
	say(long(l.Name, MaxLabelName), "the name is longer than %d characters; shorten it", MaxLabelName)
	say(strings.ContainsAny(l.Name, "\r\n"), "the name has a line break; write it in one line")
	say(long(l.Description, MaxLabelDescription), "the description is longer than %d characters; shorten it", MaxLabelDescription)
	say(len(l.Examples) > MaxExamples, "has %d examples, %d at most; keep the typical ones", len(l.Examples), MaxExamples)
	for i, e := range l.Examples {
		say(strings.TrimSpace(e) == "", "example %d is empty; remove it", i+1)
		say(long(e, MaxExample), "example %d is longer than %d characters; shorten it", i+1, MaxExample)
	}
	say(l.Default && l.Inactive, "is the default and inactive; make another one the default")
	say(l.Agent != "" && !personForm.MatchString(l.Agent), "the agent is no Slack user id (they begin with U or W)")
	return problems
}
