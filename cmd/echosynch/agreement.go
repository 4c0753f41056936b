package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func labelsAgreementCommand(s *surroundings) *cobra.Command {
	among, asJSON := 30, false
	c := &cobra.Command{
		Use:   "agreement TEAM",
		Short: "Say for each label how often agents left what a machine chose",
		Long: "Say for each label how often agents left what a machine chose, among the requests opened in the last days: how many a machine gave the label, how many of\n" +
			"those an agent gave another one, to how many an agent gave it instead, and the share that nobody corrected, in all and by who triaged. An agent who\n" +
			"chooses the same label agrees. Withdrawn requests do not count. Nothing is trained with it.\n\n" + environment(config.Operator),
		Example: "  echosynch labels agreement T0ACME --days 90",
		Args:    arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if among < 1 || among > 365 {
				return usageError{fmt.Errorf("--days is a number of days from 1 to 365, not %d", among)}
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				verdicts, err := o.Verdicts(cmd.Context(), time.Duration(among)*day)
				if err != nil {
					return err
				}
				labels, all := helpdesk.Agreements(verdicts)
				if asJSON {
					return s.agreementJSON(among, labels, all)
				}
				return s.agreementTable(among, labels, all)
			})
		},
	}
	c.Flags().IntVar(&among, "days", among, "how many days back")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (s *surroundings) agreementTable(among int, labels []helpdesk.LabelAgreement, all helpdesk.LabelAgreement) error {
	if all.Triaged == 0 {
		fmt.Fprintf(s.out, "no request of the last %d days was labelled by a machine\n", among)
		return nil
	}
	providers := slices.Sorted(maps.Keys(all.By))
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "LABEL\tTRIAGED\tCORRECTED AWAY\tCORRECTED TO\tAGREEMENT")
	for _, p := range providers {
		fmt.Fprintf(t, "\t%s", strings.ToUpper(string(p)))
	}
	fmt.Fprintln(t)
	all.Label = "(all)"
	for _, a := range append(labels, all) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s", a.Label, a.Triaged, a.CorrectedAway, a.CorrectedTo, percent(a.Tally))
		for _, p := range providers {
			fmt.Fprintf(t, "\t%s", percent(a.By[p]))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

func percent(t helpdesk.Tally) string {
	if p, enough := t.Agreement(); enough {
		return fmt.Sprintf("%d%%", p)
	}
	return "not enough data"
}

// share is a tally in JSON; agreement is null below ten cases.
type share struct {
	helpdesk.Tally
	Agreement *int64 `json:"agreement"`
}

func shareOf(t helpdesk.Tally) share {
	s := share{Tally: t}
	if p, enough := t.Agreement(); enough {
		s.Agreement = &p
	}
	return s
}

// labelShare is a label, or all of them, in JSON.
type labelShare struct {
	Label string `json:"label,omitempty"`
	share
	CorrectedTo int64                       `json:"corrected_to"`
	By          map[helpdesk.Provider]share `json:"by"`
}

func labelShareOf(a helpdesk.LabelAgreement) labelShare {
	l := labelShare{Label: a.Label, share: shareOf(a.Tally), CorrectedTo: a.CorrectedTo, By: map[helpdesk.Provider]share{}}
	for provider, t := range a.By {
		l.By[provider] = shareOf(t)
	}
	return l
}

func (s *surroundings) agreementJSON(among int, labels []helpdesk.LabelAgreement, all helpdesk.LabelAgreement) error {
	out := struct {
		Days   int          `json:"days"`
		Labels []labelShare `json:"labels"`
		All    labelShare   `json:"all"`
	}{Days: among, Labels: []labelShare{}, All: labelShareOf(all)}
	for _, a := range labels {
		out.Labels = append(out.Labels, labelShareOf(a))
	}
	return json.NewEncoder(s.out).Encode(out)
}
