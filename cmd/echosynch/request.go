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
			number, err := requestNumber(args[1])
			if err != nil {
				return err
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
	duplicate := &cobra.Command{
		Use:   "duplicate TEAM NUMBER OF",
		Short: "Make a request a duplicate of an earlier one, whose clock it follows from then on",
		Long: "Make a request a duplicate of an earlier one, whose clock it follows from then on: it is resolved with it, and both who\n" +
			"asked are told. Agents undo it for 24 hours with Not a duplicate.\n\n" + environment(config.Operator),
		Example: "  echosynch request duplicate T0ACME 1044 1042",
		Args:    arguments("TEAM", "NUMBER", "OF"),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := requestNumber(args[1])
			if err != nil {
				return err
			}
			of, err := requestNumber(args[2])
			if err != nil {
				return err
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error { return s.duplicate(cmd, o, number, of) })
		},
	}
	return group("request", "What is stored of a request, and what it is a duplicate of", show, duplicate)
}

func requestNumber(arg string) (int64, error) {
	number, err := strconv.ParseInt(strings.TrimPrefix(arg, "#"), 10, 64)
	if err != nil || number < 1 {
		return 0, usageError{fmt.Errorf("%q is no number of a request", arg)}
	}
	return number, nil
}

func (s *surroundings) duplicate(cmd *cobra.Command, o *app.Operator, number, of int64) error {
	err := o.Duplicate(cmd.Context(), number, of)
	var refusal *helpdesk.Refusal
	switch {
	case errors.Is(err, helpdesk.ErrNotFound):
		return fmt.Errorf("the team has no request #%d or none #%d; see: echosynch request show", number, of)
	case errors.As(err, &refusal):
		return fmt.Errorf("#%d is no duplicate of #%d: %s", number, of, refusal.Reason.Sentence())
	case err != nil:
		return err
	}
	fmt.Fprintf(s.out, "#%d follows #%d\n", number, of)
	return nil
}

func (s *surroundings) showRequest(r helpdesk.Request) error {
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, line := range []struct{ what, is string }{
		{"request", fmt.Sprintf("#%d", r.Number)}, {"id", r.ID.String()}, {"status", string(r.Status)}, {"priority", string(r.Priority)},
		{"label", r.Label}, {"triaged by", string(r.TriagedBy)}, {"requester", r.Requester}, {"assignee", r.Assignee},
		{"opened", moment(r.OpenedAt)}, {"first response due", moment(r.Due(helpdesk.FirstResponse))}, {"first response", moment(r.RespondedAt)},
		{"resolution due", moment(r.Due(helpdesk.Resolution))}, {"resolved", moment(r.ResolvedAt)}, {"clocks cancelled", string(r.ClocksOff)},
		{"text", r.TextState()}, {"duplicate of", numbers(r.Kin.Original)}, {"duplicates", numbers(r.Kin.Duplicates...)},
		{"similar", numbers(r.Kin.Similar...)},
	} {
		fmt.Fprintf(t, "%s\t%s\n", line.what, cmp.Or(line.is, "-"))
	}
	return t.Flush()
}

func numbers(peers ...helpdesk.Peer) string {
	var all []string
	for _, p := range peers {
		if p.Number > 0 {
			all = append(all, fmt.Sprintf("#%d", p.Number))
		}
	}
	return strings.Join(all, ", ")
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
