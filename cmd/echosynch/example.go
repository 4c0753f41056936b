package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func labelsExampleCommand(s *surroundings) *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use:   "example TEAM NUMBER",
		Short: "Make a request whose label an agent has corrected an example of that label",
		Long: "Make a request whose label an agent has corrected an example of that label, for the embedded classifier; a model never sees\n" +
			"it, and nothing is trained. What is kept is the text without secrets and personal data, as it is shown first; --yes keeps it.\n" +
			"It is sealed with the request's summary: retention does not destroy it, but deleting the message, \"Not a request\", the\n" +
			"erasure of its author and a purge do.\n\n" + environment(config.Operator),
		Example: "  echosynch labels example T0ACME 1042\n  echosynch labels example T0ACME 1042 --yes",
		Args:    arguments("TEAM", "NUMBER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := strconv.ParseInt(strings.TrimPrefix(args[1], "#"), 10, 64)
			if err != nil || number < 1 {
				return usageError{fmt.Errorf("%q is no number of a request", args[1])}
			}
			return s.withKeys(cmd, args[0], func(b *app.Keyholder) error {
				e, err := b.Example(cmd.Context(), number, yes)
				switch {
				case errors.Is(err, helpdesk.ErrNotFound):
					return fmt.Errorf("team %s has no request #%d", args[0], number)
				case errors.Is(err, helpdesk.ErrErased):
					return fmt.Errorf("the text of request #%d has been destroyed", number)
				case errors.Is(err, app.ErrNoCorrection):
					return fmt.Errorf("request #%d: %w", number, err)
				case err != nil:
					return err
				}
				fmt.Fprintf(s.out, "label    %s\nexample  %s\n", e.Label, e.Text)
				if !yes {
					fmt.Fprintln(s.out, "nothing was kept; --yes keeps it")
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "keep it")
	return c
}
