package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func auditCommand(s *surroundings) *cobra.Command {
	format := "csv"
	export := &cobra.Command{
		Use:   "export TEAM",
		Short: "Write the audit log: who changed what, the oldest entry first",
		Long: "Write the audit log to standard output, the oldest entry first: who changed what. It holds ids and settings, never what a\n" +
			"person wrote. The export is an entry, too.\n\n" + environment(config.Operator),
		Example: "  echosynch audit export T0ACME --format json > audit.jsonl",
		Args:    arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			write, ok := map[string]func(*surroundings) (func(helpdesk.AuditEntry) error, func() error){"csv": auditCSV, "json": auditJSON}[format]
			if !ok {
				return usageError{fmt.Errorf("%q is no format: use csv or json", format)}
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				entry, end := write(s)
				if err := o.ExportAudit(cmd.Context(), entry); err != nil {
					return err
				}
				return end()
			})
		},
	}
	export.Flags().StringVar(&format, "format", format, "csv, or json for one object a line")
	return group("audit", "Who changed what", export)
}

func auditCSV(s *surroundings) (entry func(helpdesk.AuditEntry) error, end func() error) {
	w := csv.NewWriter(s.out)
	header := w.Write([]string{"at", "actor", "action", "object", "before", "after"})
	return func(e helpdesk.AuditEntry) error {
			if header != nil {
				return header
			}
			return w.Write([]string{e.At.UTC().Format(time.RFC3339Nano), e.Actor, string(e.Action), e.Object, e.Before, e.After})
		}, func() error {
			w.Flush()
			return w.Error()
		}
}

func auditJSON(s *surroundings) (entry func(helpdesk.AuditEntry) error, end func() error) {
	w := json.NewEncoder(s.out)
	return func(e helpdesk.AuditEntry) error { return w.Encode(e) }, func() error { return nil }
}
