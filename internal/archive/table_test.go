package archive

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"testing"
	"time"
)

// What a spreadsheet would calculate stays text in CSV, and is as it was in JSON.
func TestCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+49 30": "'+49 30", "-2": "'-2", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"  =1": "'  =1", "＝1": "'＝1", "plain": "plain", "": "", "a=1": "a=1", "1-2": "1-2",
	} {
		if got := harmless(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestTablesHoldWhatWasWritten(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 27, 9, 0, 0, 0, time.FixedZone("", 3600))
	names := []string{"number", "text", "at", "never", "list", "flag", "gone"}
	values := []any{int64(7), "=<b>\"two\nlines\"", at, time.Time{}, []string{"a", "b"}, true, nil}
	write := func(f format) []byte {
		var b bytes.Buffer
		table := f.table(&b)
		for _, err := range []error{table.columns(names), table.row(values), table.row(values), table.end()} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	var rows []map[string]any
	raw := write(asJSON)
	if err := json.Unmarshal(raw, &rows); err != nil || len(rows) != 2 || rows[1]["text"] != values[1] || rows[1]["at"] != "2026-11-27T08:00:00Z" ||
		rows[1]["never"] != nil || rows[1]["number"] != 7.0 || bytes.Index(raw, []byte("number")) > bytes.Index(raw, []byte("text")) {
		t.Errorf("JSON: %v\n%s", err, raw)
	}
	lines, err := csv.NewReader(bytes.NewReader(write(asCSV))).ReadAll()
	if err != nil || len(lines) != 3 || lines[2][1] != "'=<b>\"two\nlines\"" || lines[2][2] != "2026-11-27T08:00:00Z" || lines[2][3] != "" ||
		lines[2][4] != `["a","b"]` || lines[2][5] != "true" || lines[2][6] != "" {
		t.Errorf("CSV: %v\n%q", err, lines)
	}
}

// A table without rows is a table.
func TestEmptyTables(t *testing.T) {
	t.Parallel()
	for f, want := range map[string]string{"json": "[\n]\n", "csv": "a,b\n"} {
		var b bytes.Buffer
		table := map[string]format{"json": asJSON, "csv": asCSV}[f].table(io.Writer(&b))
		if err := table.columns([]string{"a", "b"}); err != nil {
			t.Fatal(err)
		}
		if err := table.end(); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v", f, b.String(), err)
		}
	}
}
