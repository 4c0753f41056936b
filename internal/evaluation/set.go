// Package evaluation measures how well a provider of triage does on requests whose label and priority are known. It reads
// the requests, keeps what was predicted so that a run can go on where it stopped, and reports. It calls no provider itself.
package evaluation

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Request is a message with what a good triage of it says.
type Request struct {
	ID       string            `json:"id"` // the number of its line where the file gives none
	Split    string            `json:"split"`
	Language string            `json:"language"`
	Label    string            `json:"label"`
	Priority helpdesk.Priority `json:"priority"`
	Text     string            `json:"text"`
	line     int
}

// The halves of the shipped set. The embedded classifier was tuned on the one and never on the other.
const (
	Tune    = "tune"
	HeldOut = "held-out"
)

//go:embed requests.jsonl
var shipped []byte

// Shipped is the set that ships with the product, written for it: requests in five languages, labelled with the keys of the
// starter taxonomy.
func Shipped() ([]Request, error) { return ReadJSONL(bytes.NewReader(shipped)) }

// ReadJSONL reads one JSON object a line. Errors name the line and never what is written in it.
func ReadJSONL(r io.Reader) ([]Request, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	var set []Request
	number := 0
	for line := range bytes.Lines(raw) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		q := Request{line: number}
		if err := json.Unmarshal(line, &q); err != nil {
			return nil, fmt.Errorf("line %d is not a JSON object with the strings text, label and priority", number)
		}
		set = append(set, q)
	}
	return checked(set)
}

// ReadCSV reads a table whose first line names its columns: text, label and priority, and if they are there id, split and
// language. Commas or semicolons separate them. Errors name the line and never what is written in it.
func ReadCSV(r io.Reader) ([]Request, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read requests: %w", err)
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, errEmpty
	}
	table := csv.NewReader(bytes.NewReader(raw))
	head, _, _ := bytes.Cut(raw, []byte("\n"))
	if !bytes.Contains(head, []byte(",")) {
		table.Comma = ';'
	}
	columns, err := table.Read()
	if err != nil {
		return nil, tableError(err)
	}
	for i, c := range columns {
		columns[i] = strings.ToLower(strings.TrimSpace(c))
	}
	for _, needed := range []string{"text", "label", "priority"} {
		if !slices.Contains(columns, needed) {
			return nil, fmt.Errorf("line 1 names no column %q; needed are text, label and priority", needed)
		}
	}
	var set []Request
	for {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			return checked(set)
		}
		if err != nil {
			return nil, tableError(err)
		}
		q := Request{}
		q.line, _ = table.FieldPos(0)
		for i, c := range columns {
			if field := q.field(c); field != nil {
				*field = row[i]
			}
		}
		set = append(set, q)
	}
}

// field is where a column goes, or nil.
func (q *Request) field(column string) *string {
	return map[string]*string{
		"id": &q.ID, "split": &q.Split, "language": &q.Language, "label": &q.Label, "priority": (*string)(&q.Priority), "text": &q.Text,
	}[column]
}

func tableError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
	}
	return fmt.Errorf("read requests: %w", err)
}

var errEmpty = errors.New("there is no request in it")

// checked gives every request an id and refuses what cannot be measured.
func checked(set []Request) ([]Request, error) {
	if len(set) == 0 {
		return nil, errEmpty
	}
	lines := make(map[string]int, len(set))
	for i := range set {
		q := &set[i]
		if q.ID == "" {
			q.ID = fmt.Sprint(q.line)
		}
		q.Label, q.Priority = strings.TrimSpace(q.Label), helpdesk.Priority(strings.ToLower(strings.TrimSpace(string(q.Priority))))
		switch {
		case strings.TrimSpace(q.Text) == "":
			return nil, fmt.Errorf("line %d has no text", q.line)
		case q.Label == "":
			return nil, fmt.Errorf("line %d has no label", q.line)
		case !q.Priority.Valid():
			return nil, fmt.Errorf("line %d has no priority that is one of critical, high, medium and low", q.line)
		case lines[q.ID] != 0:
			return nil, fmt.Errorf("lines %d and %d have the same id", lines[q.ID], q.line)
		}
		lines[q.ID] = q.line
	}
	return set, nil
}

// Half returns the requests of a split; all where it is "".
func Half(set []Request, split string) []Request {
	if split == "" {
		return set
	}
	return slices.DeleteFunc(slices.Clone(set), func(q Request) bool { return q.Split != split })
}
