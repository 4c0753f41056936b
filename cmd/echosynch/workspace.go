package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func workspaceCommand(s *surroundings) *cobra.Command {
	return group("workspace", "Settings and the end of a workspace", staffChannelCommand(s), hideAddressesCommand(s), providerCommand(s), tokensCommand(s), workspaceExportCommand(s),
		purgeCommand(s), purgesCommand(s))
}

func staffChannelCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "staff-channel TEAM CHANNEL",
		Short: "Name the private channel where staff see requests; it is never monitored",
		Long: "Name the private channel where staff see requests; it is never monitored. CHANNEL \"none\" unsets it.\n\n" +
			environment(config.Operator),
		Example: "  echosynch workspace staff-channel T0ACME C0ITSTAFF",
		Args:    arguments("TEAM", "CHANNEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			channel := args[1]
			if channel == "none" {
				channel = ""
			} else if err := check("channel", channel, channelID, "C or G"); err != nil {
				return err
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				return o.SetStaffChannel(cmd.Context(), channel)
			})
		},
	}
}

func purgeCommand(s *surroundings) *cobra.Command {
	yes, now := false, false
	purge := &cobra.Command{
		Use:   "purge TEAM",
		Short: "Destroy everything of a workspace, as an uninstall does",
		Long: "Destroy everything of a workspace within the hour, as an uninstall does; it asks before. The token goes at once. Within\n" +
			"the grace (PURGE_GRACE) whoever installs the app again gets everything back; with --now there is none. In Slack the app\n" +
			"stays until somebody removes it there.\n\n" + environment(config.Operator),
		Example: "  echosynch workspace purge T0ACME",
		Args:    arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				grace := o.PurgeGrace()
				if now {
					grace = 0
				}
				question := fmt.Sprintf("Destroy everything of %s? It can be taken back for %v by a reinstall. [y/N] ", args[0], grace)
				if grace == 0 {
					question = fmt.Sprintf("Destroy everything of %s, now? This cannot be undone. [y/N] ", args[0])
				}
				if !yes && !s.agrees(cmd, question) {
					return fmt.Errorf("nothing was changed")
				}
				p, address, err := o.Purge(cmd.Context(), grace)
				if err != nil {
					return err
				}
				fmt.Fprintf(s.out, "%s is being destroyed, certified by %s; see 'echosynch workspace purges'\ncertificate: %s\n",
					args[0], p.Deadline().Format(time.RFC3339), address)
				return nil
			})
		},
	}
	purge.Flags().BoolVar(&yes, "yes", false, "do not ask")
	purge.Flags().BoolVar(&now, "now", false, "without a grace")
	return purge
}

func purgesCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "purges",
		Short: "List the workspaces that are being destroyed, and where each purge stands",
		Long: "List the workspaces that are being destroyed, and where each purge stands: keys and rows destroyed so far, histories that\n" +
			"Temporal has accepted to delete, how many are left, and how many of those it was asked for.\n\n" + environment(config.Operator),
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := s.load(config.Operator)
			if err != nil {
				return err
			}
			purges, err := app.Purges(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			if len(purges) == 0 {
				fmt.Fprintln(s.out, "no workspace is being destroyed")
				return nil
			}
			t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "WORKSPACE\tCAUSE\tSTEP\tTAKEN BACK UNTIL\tDEADLINE\tKEYS\tHISTORIES\tLEFT\tASKED\tROWS")
			for _, p := range purges {
				until := "-"
				if p.Step() == helpdesk.PurgeGrace {
					until = p.GraceUntil.Format(time.RFC3339)
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n",
					p.Workspace, p.Cause, p.Step(), until, p.Deadline().Format(time.RFC3339), p.Keys, p.Histories, p.Left, p.Asked, p.Rows)
			}
			return t.Flush()
		},
	}
}
