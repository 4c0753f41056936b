package main

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

const day = 24 * time.Hour

func retentionCommand(s *surroundings) *cobra.Command {
	preview := &cobra.Command{
		Use:     "preview TEAM DAYS",
		Short:   "Say what a retention would do to the texts that are there, and do nothing",
		Long:    "Say what a retention would do to the texts that are there, and do nothing.\n\n" + environment(config.Operator),
		Example: "  echosynch retention preview T0ACME 7",
		Args:    arguments("TEAM", "DAYS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			retention, err := days(args[1])
			if err != nil {
				return err
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				_, err := s.preview(cmd, o, retention)
				return err
			})
		},
	}
	yes := false
	set := &cobra.Command{
		Use:   "set TEAM DAYS",
		Short: "Change how long original text is kept; a shorter time destroys what is older, within the hour",
		Long: "Change how long original text is kept. A shorter time destroys the texts that are older, within the hour, those of open\n" +
			"requests included; it asks before. A longer one affects only requests opened from now on, and brings nothing back.\n\n" +
			environment(config.Operator),
		Example: "  echosynch retention set T0ACME 7",
		Args:    arguments("TEAM", "DAYS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			retention, err := days(args[1])
			if err != nil {
				return err
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				p, err := s.preview(cmd, o, retention)
				if err != nil {
					return err
				}
				if p.Destroyed > 0 && !yes && !s.agrees(cmd, fmt.Sprintf("Destroy %s? This cannot be undone. [y/N] ", texts(p.Destroyed))) {
					return fmt.Errorf("nothing was changed")
				}
				if err := o.SetRetention(cmd.Context(), retention); err != nil {
					return err
				}
				fmt.Fprintf(s.out, "text is kept for %s\n", span(retention))
				return nil
			})
		},
	}
	set.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return group("retention", "How long original text is kept", preview, set)
}

// days reads a retention in whole days.
func days(arg string) (time.Duration, error) {
	n, err := strconv.Atoi(arg)
	if least, most := int(helpdesk.MinRetention/day), int(helpdesk.MaxRetention/day); err != nil || n < least || n > most {
		return 0, usageError{fmt.Errorf("%q is no number of days from %d to %d", arg, least, most)}
	}
	return time.Duration(n) * day, nil
}

// preview says what a retention would do.
func (s *surroundings) preview(cmd *cobra.Command, o *app.Operator, retention time.Duration) (p helpdesk.RetentionPreview, err error) {
	now, err := o.Retention(cmd.Context())
	if err != nil {
		return p, err
	}
	if p, err = o.PreviewRetention(cmd.Context(), retention); err != nil {
		return p, err
	}
	fmt.Fprintf(s.out, "text is kept for %s now\n", span(now))
	switch {
	case retention > now:
		fmt.Fprintf(s.out, "%s would affect only requests opened from then on\n", span(retention))
	case p.Destroyed == 0:
		fmt.Fprintf(s.out, "%s would destroy nothing now, and %s earlier than planned\n", span(retention), texts(p.Moved))
	default:
		fmt.Fprintf(s.out, "%s would destroy %s within the hour, %d of open requests, whose clocks go on; and %s earlier than planned\n",
			span(retention), texts(p.Destroyed), p.Open, texts(p.Moved))
	}
	return p, nil
}

// agrees asks whoever runs the command.
func (s *surroundings) agrees(cmd *cobra.Command, question string) bool {
	fmt.Fprint(s.out, question)
	answer, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n') // no answer is no
	return strings.EqualFold(strings.TrimSpace(answer), "y")
}

func texts(n int64) string {
	if n == 1 {
		return "1 text"
	}
	return fmt.Sprintf("%d texts", n)
}

func span(d time.Duration) string {
	if d == day {
		return "1 day"
	}
	return fmt.Sprintf("%d days", d/day)
}
