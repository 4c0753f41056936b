package main

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func requestCommand(s *surroundings) *cobra.Command {
	show := &cobra.Command{
		Use:   "show TEAM NUMBER",
		Short: "Show what is stored of a request, but never what was written",
		Long: "Show what is stored of a request: ids, enums and times, and whether its text is there; never what was written.\n\n" +
			environment(config.Operator),
		Example: "  echosynch request show T0ACME 1042",
		Args:    arguments("TEAM", "NUMBER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := strconv.ParseInt(strings.TrimPrefix(args[1], "#"), 10, 64)
			if err != nil || number < 1 {
				return usageError{fmt.Errorf("%q is no number of a request", args[1])}
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				r, err := o.Request(cmd.Context(), number)
				if errors.Is(err, helpdesk.ErrNotFound) {
					return fmt.Errorf("team %s has no request #%d", args[0], number)
				}
				if err != nil {
					return err
				}
				return s.showRequest(r)
			})
		},
	}
	return group("request", "What is stored of a request", show)
}

func (s *surroundings) showRequest(r helpdesk.Request) error {
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, line := range []struct{ what, is string }{
		{"request", fmt.Sprintf("#%d", r.Number)}, {"id", r.ID.String()}, {"status", string(r.Status)}, {"priority", string(r.Priority)},
		{"label", r.Label}, {"triaged by", string(r.TriagedBy)}, {"requester", r.Requester}, {"assignee", r.Assignee},
		{"opened", moment(r.OpenedAt)}, {"first response due", moment(r.Due(helpdesk.FirstResponse))}, {"first response", moment(r.RespondedAt)},
		{"resolution due", moment(r.Due(helpdesk.Resolution))}, {"resolved", moment(r.ResolvedAt)}, {"clocks cancelled", string(r.ClocksOff)},
		{"text", r.TextState()},
	} {
		fmt.Fprintf(t, "%s\t%s\n", line.what, cmp.Or(line.is, "-"))
	}
	return t.Flush()
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
