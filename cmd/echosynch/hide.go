package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
)

func hideAddressesCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "hide-addresses TEAM SWITCH",
		Short: "Keep IP addresses and host names from the model, too",
		Long: "Keep IP addresses and host names from the model, too, beside secrets and personal data. SWITCH is on or off. They are sent unless this is on, because\n" +
			"triage is better with them.\n\n" + environment(config.Operator),
		Example: "  echosynch workspace hide-addresses T0ACME on",
		Args:    arguments("TEAM", "SWITCH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			hide := args[1] == "on"
			if !hide && args[1] != "off" {
				return usageError{fmt.Errorf("%q is neither on nor off", args[1])}
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error { return o.SetHideAddresses(cmd.Context(), hide) })
		},
	}
}
