package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// rows calls row for each row of a table, the columns first, and says how many there were.
type rows func(ctx context.Context, columns func([]string) error, row func([]any) error) (int64, error)

// format is one of the two that every table is written in.
type format struct {
	extension string
	table     func(io.Writer) table
}

// table is a file with rows: a JSON array or CSV.
type table interface {
	columns([]string) error
	row([]any) error
	end() error
}

var (
	asJSON = format{"json", func(w io.Writer) table { return &jsonTable{w: w} }}
	asCSV  = format{"csv", func(w io.Writer) table { return &csvTable{w: csv.NewWriter(w)} }}
)

// table writes one file with the rows of a table.
func (e *export) table(ctx context.Context, name string, f format, read rows) error {
	return e.file(name+"."+f.extension, func(w io.Writer) (int64, error) {
		t := f.table(w)
		n, err := read(ctx, t.columns, t.row)
		if err != nil {
			return n, err
		}
		return n, t.end()
	})
}

// file writes one file and enters it in the manifest.
func (e *export) file(name string, write func(io.Writer) (rows int64, err error)) error {
	w, err := e.create(name)
	if err != nil {
		return fmt.Errorf("begin %s: %w", name, err)
	}
	sum := sha256.New()
	size := &counter{}
	rows, err := write(io.MultiWriter(w, sum, size))
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	e.Files = append(e.Files, File{Name: name, Rows: rows, Bytes: size.n, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return nil
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// jsonTable writes objects whose keys are in the order of the columns.
type jsonTable struct {
	w     io.Writer
	names []string
	some  bool
}

func (t *jsonTable) columns(names []string) error {
	t.names = names
	_, err := io.WriteString(t.w, "[")
	return err
}

func (t *jsonTable) row(values []any) error {
	var b bytes.Buffer
	if t.some {
		b.WriteByte(',')
	}
	t.some = true
	b.WriteString("\n {")
	for i, name := range t.names {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := put(&b, name); err != nil {
			return err
		}
		b.WriteString(": ")
		if err := put(&b, plain(values[i])); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	_, err := t.w.Write(b.Bytes())
	return err
}

func (t *jsonTable) end() error {
	_, err := io.WriteString(t.w, "\n]\n")
	return err
}

// put writes a value as JSON, as it is: nobody shows it in a page.
func put(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1) // its newline
	return nil
}

// csvTable writes a header line and cells that no spreadsheet takes for a formula.
type csvTable struct{ w *csv.Writer }

func (t *csvTable) columns(names []string) error { return t.w.Write(names) }

func (t *csvTable) row(values []any) error {
	cells := make([]string, len(values))
	for i, v := range values {
		switch v := plain(v).(type) {
		case nil:
		case string:
			cells[i] = harmless(v)
		case time.Time:
			cells[i] = v.Format(time.RFC3339Nano)
		case bool, int, int32, int64:
			cells[i] = fmt.Sprint(v)
		default:
			var b bytes.Buffer
			if err := put(&b, v); err != nil {
				return err
			}
			cells[i] = harmless(b.String())
		}
	}
	return t.w.Write(cells)
}

func (t *csvTable) end() error {
	t.w.Flush()
	return t.w.Error()
}

// formulas begin what a spreadsheet would calculate, white space before it and full width included.
const formulas = "=+-@\t\r\n＝＋－＠"

// harmless is a cell that stays text.
func harmless(s string) string {
	if r := []rune(strings.TrimLeft(s, " ")); len(r) > 0 && strings.ContainsRune(formulas, r[0]) {
		return "'" + s
	}
	return s
}

// plain has times in UTC, and nothing in place of the zero time.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UTC()
	default:
		return v
	}
}
