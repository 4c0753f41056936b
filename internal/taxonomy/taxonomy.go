// Package taxonomy is the labels of a workspace as a file: a list in YAML, or in JSON, which is YAML, with key, name,
// description, examples, active, default and agent. What a good taxonomy is says [helpdesk.LabelProblems].
package taxonomy

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// entry is a label as it stands in a file.
type entry struct {
	Key         string `yaml:"key"`
	Name        text   `yaml:"name"`
	Description text   `yaml:"description,omitempty"`
	Examples    []text `yaml:"examples,omitempty"`
	Active      *bool  `yaml:"active,omitempty"` // left out where it is
	Default     bool   `yaml:"default,omitempty"`
	Agent       text   `yaml:"agent,omitempty"`
}

var fields = []string{"key", "name", "description", "examples", "active", "default", "agent"}

// maxFile is how long a file may be: many times the longest taxonomy.
const maxFile = 4 << 20

// File is a taxonomy and where its labels stand.
type File struct {
	Labels []helpdesk.Label
	lines  []int
}

// Read reads a file. Errors name the line. It may have any labels: see [File.Check].
func Read(r io.Reader) (f File, err error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return f, fmt.Errorf("read labels: %w", err)
	}
	if len(raw) > maxFile {
		return f, fmt.Errorf("is longer than %d MiB", maxFile>>20)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(raw, &document); err != nil {
		return f, fmt.Errorf("is not YAML: %w", err)
	}
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.SequenceNode {
		return f, fmt.Errorf("is not a list of labels with %s", strings.Join(fields, ", "))
	}
	for _, item := range document.Content[0].Content {
		label, err := labelOf(item)
		if err != nil {
			return f, err
		}
		f.Labels, f.lines = append(f.Labels, label), append(f.lines, item.Line)
	}
	if len(f.Labels) == 0 {
		return f, errors.New("has no label in it")
	}
	return f, nil
}

func labelOf(item *yaml.Node) (l helpdesk.Label, err error) {
	if item.Kind != yaml.MappingNode {
		return l, fmt.Errorf("line %d: is not a label with %s", item.Line, strings.Join(fields, ", "))
	}
	for i := 0; i < len(item.Content); i += 2 {
		if name := item.Content[i]; !slices.Contains(fields, name.Value) {
			return l, fmt.Errorf("line %d: a label has no %q; it has %s", name.Line, name.Value, strings.Join(fields, ", "))
		}
	}
	var e entry
	if err := item.Decode(&e); err != nil {
		return l, fmt.Errorf("the label in line %d: %w", item.Line, err)
	}
	return helpdesk.Label{
		Key: e.Key, Name: string(e.Name), Description: string(e.Description), Examples: texts[string](e.Examples),
		Inactive: e.Active != nil && !*e.Active, Default: e.Default, Agent: string(e.Agent),
	}, nil
}

// Check says, problem by problem, in which line the file cannot be the taxonomy of a workspace on a plan.
func (f File) Check(plan helpdesk.Plan) error {
	var errs []error
	for _, p := range helpdesk.LabelProblems(f.Labels, plan) {
		if p.Index < 0 {
			errs = append(errs, errors.New(p.What))
			continue
		}
		errs = append(errs, fmt.Errorf("line %d: %s", f.lines[p.Index], p.What))
	}
	return errors.Join(errs...)
}

// Write writes labels as a file that [Read] reads as the same labels.
func Write(w io.Writer, labels []helpdesk.Label) error {
	entries := make([]entry, len(labels))
	for i, l := range labels {
		entries[i] = entry{
			Key: l.Key, Name: text(l.Name), Description: text(l.Description), Examples: texts[text](l.Examples), Default: l.Default, Agent: text(l.Agent),
		}
		if l.Inactive {
			entries[i].Active = new(bool)
		}
	}
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(entries); err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	return e.Close()
}

// text is what people read. One of several lines stands between quotes: the library's blocks do not read back every text that
// it writes as one.
type text string

// MarshalYAML implements [yaml.Marshaler].
func (t text) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: string(t)}
	if strings.ContainsAny(n.Value, "\n\t\r") {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n, nil
}

func texts[To, From ~string](in []From) (out []To) {
	for _, t := range in {
		out = append(out, To(t))
	}
	return out
}
