package postgres_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/postgres"
)

// Every column with words in it, those of later migrations included, is known to hold the id of a person or not to; and what
// holds one is shown by a person's export and emptied by their erasure.
func TestEveryColumnOfWordsIsKnown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conn, err := pgx.Connect(t.Context(), b.admin.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `
		select table_schema || '.' || table_name, column_name from information_schema.columns
		where table_schema in ('tenant', 'system') and data_type not in ('uuid', 'bigint', 'integer', 'boolean', 'date', 'bytea',
		  'timestamp with time zone') order by 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	sheets := []string{"requests"}
	for _, s := range postgres.PersonSheets() {
		sheets = append(sheets, s.Name)
	}
	known := make(map[[2]string]bool)
	for table, columns := range postgres.OtherColumns() {
		for _, c := range columns {
			known[[2]string{table, c}] = false
		}
	}
	for _, c := range postgres.Columns() {
		if !slices.Contains(sheets, c.Sheet) {
			t.Errorf("%s.%s holds persons, and no sheet of their export is called %q", c.Table, c.Column, c.Sheet)
		}
		known[[2]string{c.Table, c.Column}] = false
	}
	var table, column string
	if _, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		if _, ok := known[[2]string{table, column}]; !ok {
			t.Errorf("%s.%s: does it hold the id of a person? Say so in columns.go: export and erasure follow that table", table, column)
		}
		known[[2]string{table, column}] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for c, there := range known {
		if !there {
			t.Errorf("columns.go names %s.%s, which is gone", c[0], c[1])
		}
	}
}
