package knowledge

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// MaxFile is the size of the largest file that is read, in bytes.
const MaxFile = 8 << 20

// line is an entry as it stands in a file.
type line struct {
	number int
	helpdesk.Entry
}

// Read reads the entries of a file: YAML, or CSV where its name ends in .csv. Its error names every line that is wrong, and
// quotes none; it wraps [helpdesk.ErrInvalid].
func Read(name string, r io.Reader) ([]helpdesk.Entry, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(raw) > MaxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB: %w", name, MaxFile>>20, helpdesk.ErrInvalid)
	}
	read := readYAML
	if strings.EqualFold(filepath.Ext(name), ".csv") {
		read = readCSV
	}
	lines, err := read(bytes.TrimPrefix(raw, []byte("\ufeff")))
	if err == nil && len(lines) == 0 {
		err = fmt.Errorf("there is no entry in it: %w", helpdesk.ErrInvalid)
	}
	all, wrong := entries(lines)
	if err = errors.Join(err, wrong); err != nil {
		return nil, err
	}
	return all, nil
}

// entries checks what was read.
func entries(lines []line) (all []helpdesk.Entry, err error) {
	if len(lines) > helpdesk.MaxEntries {
		return nil, fmt.Errorf("%d entries, at most %d: %w", len(lines), helpdesk.MaxEntries, helpdesk.ErrInvalid)
	}
	first := make(map[string]int)
	for _, l := range lines {
		if e := l.Validate(); e != nil {
			err = errors.Join(err, fmt.Errorf("line %d: %w", l.number, e))
		}
		if before, again := first[l.Key]; again && l.Key != "" {
			err = errors.Join(err, fmt.Errorf("line %d: the key is that of line %d: %w", l.number, before, helpdesk.ErrInvalid))
		}
		first[l.Key] = l.number
		all = append(all, l.Entry)
	}
	return all, err
}

// record is an entry in YAML. Active is true where nothing is said.
type record struct {
	Key      string   `yaml:"key"`
	Question string   `yaml:"question"`
	Answer   string   `yaml:"answer"`
	Link     string   `yaml:"link,omitempty"`
	Tags     []string `yaml:"tags,omitempty,flow"`
	Active   *bool    `yaml:"active,omitempty"`
}

var fields = []string{"key", "question", "answer", "link", "tags", "active"}

func readYAML(raw []byte) (lines []line, err error) {
	var nodes []yaml.Node
	if err := yaml.Unmarshal(raw, &nodes); err != nil {
		return nil, fmt.Errorf("not a YAML list of entries (%s): %w", yamlPlace(err), helpdesk.ErrInvalid)
	}
	for i := range nodes {
		n := &nodes[i]
		var r record
		e := knownFields(n)
		if e == nil {
			if n.Decode(&r) != nil {
				e = fmt.Errorf("line %d: tags must be a list, active true or false, everything else text: %w", n.Line, helpdesk.ErrInvalid)
			}
		}
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		lines = append(lines, line{n.Line, helpdesk.Entry{
			Key: r.Key, Active: r.Active == nil || *r.Active,
			Content: content(r.Question, r.Answer, r.Link, r.Tags),
		}})
	}
	return lines, err
}

// yamlPlace is where YAML is broken; what its error says beyond that may quote the file.
func yamlPlace(err error) string {
	if _, after, ok := strings.Cut(err.Error(), "line "); ok {
		number, _, _ := strings.Cut(after, ":")
		if _, err := strconv.Atoi(number); err == nil {
			return "line " + number
		}
	}
	return "somewhere"
}

func knownFields(n *yaml.Node) (err error) {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: not an entry with %s: %w", n.Line, strings.Join(fields, ", "), helpdesk.ErrInvalid)
	}
	for i := 0; i < len(n.Content); i += 2 {
		if !known(n.Content[i].Value) {
			err = errors.Join(err, fmt.Errorf("line %d: not a field; there are %s: %w", n.Content[i].Line, strings.Join(fields, ", "), helpdesk.ErrInvalid))
		}
	}
	return err
}

func known(field string) bool {
	for _, f := range fields {
		if f == field {
			return true
		}
	}
	return false
}

func readCSV(raw []byte) (lines []line, err error) {
	r := csv.NewReader(bytes.NewReader(raw))
	head, err := r.Read()
	at := make(map[string]int)
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		if !known(name) {
			return nil, fmt.Errorf("line 1: column %d is none of %s: %w", i+1, strings.Join(fields, ", "), helpdesk.ErrInvalid)
		}
		at[name] = i
	}
	if err != nil || len(at) != len(head) {
		return nil, fmt.Errorf("line 1: must name the columns, each once, out of %s: %w", strings.Join(fields, ", "), helpdesk.ErrInvalid)
	}
	for {
		row, e := r.Read()
		if errors.Is(e, io.EOF) {
			return lines, err
		}
		var broken *csv.ParseError
		if errors.As(e, &broken) {
			err = errors.Join(err, fmt.Errorf("line %d: not CSV with %d columns: %w", broken.Line, len(head), helpdesk.ErrInvalid))
			if !errors.Is(e, csv.ErrFieldCount) {
				return lines, err
			}
			continue
		}
		of := func(name string) string {
			if i, ok := at[name]; ok {
				return row[i]
			}
			return ""
		}
		number, _ := r.FieldPos(0)
		active, e := true, error(nil)
		if s := strings.TrimSpace(of("active")); s != "" {
			active, e = strconv.ParseBool(s)
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("line %d: active must be true or false: %w", number, helpdesk.ErrInvalid))
		}
		lines = append(lines, line{number, helpdesk.Entry{
			Key: of("key"), Active: active, Content: content(of("question"), of("answer"), of("link"), split(of("tags"))),
		}})
	}
}

// split reads tags as CSV has them, with commas or semicolons between them.
func split(tags string) (list []string) {
	return strings.FieldsFunc(tags, func(r rune) bool { return r == ',' || r == ';' })
}

func content(question, answer, link string, tags []string) helpdesk.Content {
	c := helpdesk.Content{Question: strings.TrimSpace(question), Answer: unix(answer), Link: strings.TrimSpace(link)}
	for _, tag := range tags {
		if tag = strings.TrimSpace(tag); tag != "" {
			c.Tags = append(c.Tags, tag)
		}
	}
	return c
}

// unix ends every line of s as we do.
func unix(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
}

// Write writes entries as YAML that [Read] reads.
func Write(w io.Writer, all []helpdesk.Entry) error {
	records := make([]record, len(all))
	for i, e := range all {
		records[i] = record{Key: e.Key, Question: e.Question, Answer: e.Answer, Link: e.Link, Tags: e.Tags, Active: &e.Active}
	}
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(records); err != nil {
		return fmt.Errorf("write entries: %w", err)
	}
	return enc.Close()
}
