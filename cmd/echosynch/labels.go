package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/taxonomy"
)

func labelsCommand(s *surroundings) *cobra.Command {
	return group("labels", "The taxonomy: which labels requests get", labelsImportCommand(s), labelsExportCommand(s), labelsStartersCommand(s), labelsAgreementCommand(s),
		labelsExampleCommand(s))
}

func labelsExportCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:     "export TEAM",
		Short:   "Print the taxonomy as YAML, as import reads it",
		Long:    "Print the taxonomy as YAML, as import reads it.\n\n" + environment(config.Operator),
		Example: "  echosynch labels export T0ACME > labels.yaml",
		Args:    arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				labels, err := o.Labels(cmd.Context())
				if err != nil {
					return err
				}
				return taxonomy.Write(s.out, labels)
			})
		},
	}
}

func labelsStartersCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "starters",
		Short: "List the taxonomies to begin with",
		Long:  "List the taxonomies to begin with: import --starter NAME makes one of them a workspace's own.",
		Args:  arguments(),
		RunE: func(*cobra.Command, []string) error {
			t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tLABELS\tFOR")
			for _, starter := range taxonomy.Starters() {
				labels, _, err := taxonomy.Of(starter.Name)
				if err != nil {
					return err
				}
				fmt.Fprintf(t, "%s\t%d\t%s\n", starter.Name, len(labels), starter.For)
			}
			return t.Flush()
		},
	}
}

func labelsImportCommand(s *surroundings) *cobra.Command {
	starter, dryRun, yes := "", false, false
	c := &cobra.Command{
		Use:   "import TEAM [FILE]",
		Short: "Make a file, or with --starter a starter taxonomy, the taxonomy",
		Long: "Make a file, or with --starter a starter taxonomy, the taxonomy, after showing what changes. FILE is a list in YAML of labels with key, name, description,\n" +
			"examples, active, default and agent: the key never changes, one label is the default for what fits no other, and agent is the Slack user id of who gets\n" +
			"the label's new requests. A label that is not in FILE is removed; where requests carry it, it is deactivated: no request gets it any more, and those that\n" +
			"have it keep it.\n\n" + environment(config.Operator),
		Example: "  echosynch labels import T0ACME labels.yaml --dry-run\n  echosynch labels import T0ACME --starter small",
		Args: func(cmd *cobra.Command, args []string) error {
			if starter != "" {
				return arguments("TEAM")(cmd, args)
			}
			return arguments("TEAM", "FILE")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := check("team", args[0], teamID, "T"); err != nil {
				return err
			}
			labels, wrong, err := labelsToImport(starter, args[1:])
			if err != nil {
				return err
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				plan, err := o.Plan(cmd.Context())
				if err != nil {
					return err
				}
				if err := wrong(plan); err != nil {
					return err
				}
				return s.importLabels(cmd, o, labels, fmt.Sprintf("Change the labels of %s? [y/N] ", args[0]), dryRun, yes)
			})
		},
	}
	c.Flags().StringVar(&starter, "starter", "", "a taxonomy of 'labels starters', in place of FILE")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only show what would change")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// labelsToImport reads a starter taxonomy or the file of args, and says what is wrong with it on a plan.
func labelsToImport(starter string, args []string) ([]helpdesk.Label, func(helpdesk.Plan) error, error) {
	if starter != "" {
		labels, ok, err := taxonomy.Of(starter)
		if !ok && err == nil {
			err = usageError{fmt.Errorf("there is no starter taxonomy %q; see 'echosynch labels starters'", starter)}
		}
		return labels, func(helpdesk.Plan) error { return nil }, err
	}
	f, err := os.Open(args[0])
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", args[0], pathless(err))
	}
	file, err := taxonomy.Read(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", args[0], err)
	}
	return file.Labels, func(plan helpdesk.Plan) error {
		if err := file.Check(plan); err != nil {
			return fmt.Errorf("%s cannot be the taxonomy:\n%w", args[0], err)
		}
		return nil
	}, nil
}

func (s *surroundings) importLabels(cmd *cobra.Command, o *app.Operator, labels []helpdesk.Label, question string, dryRun, yes bool) error {
	change, err := o.PreviewLabels(cmd.Context(), labels)
	if err != nil {
		return err
	}
	if change.Nothing() {
		fmt.Fprintln(s.out, "these are the labels already")
		return nil
	}
	if err := s.showLabels(change); err != nil || dryRun {
		return err
	}
	if !yes && !s.agrees(cmd, question) {
		return fmt.Errorf("nothing was changed")
	}
	if err := o.ImportLabels(cmd.Context(), labels, change); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d labels are active\n", len(helpdesk.Active(change.After)))
	return nil
}

func (s *surroundings) showLabels(c helpdesk.LabelChange) error {
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CHANGE\tLABEL\tNAME\tWHAT")
	for _, step := range c.Steps {
		what := strings.Join(step.Fields, ", ")
		if step.Kind == helpdesk.LabelDeactivated {
			what = "requests that have it keep it"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", step.Kind, step.Label.Key, step.Label.Name, what)
	}
	if c.Reordered {
		fmt.Fprintln(t, "changed\t-\t-\tthe order")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if active, pro := len(helpdesk.Active(c.After)), helpdesk.Pro(); active > pro.MaxLabels {
		fmt.Fprintf(s.out, "note: %d active labels; the %s plan has %d at most\n", active, pro.Name, pro.MaxLabels)
	}
	return nil
}
