package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/knowledge"
)

func knowledgeCommand(s *surroundings) *cobra.Command {
	return group("kb", "The knowledge base: answers that are offered in the thread", importCommand(s), exportEntriesCommand(s), listEntriesCommand(s),
		removeEntryCommand(s), tryCommand(s))
}

// onEntries is a command about entries, which are sealed: it needs the keys.
func onEntries(s *surroundings, c *cobra.Command, run func(cmd *cobra.Command, o *app.Operator, args []string) error) *cobra.Command {
	c.Long += " KEYSTORE_URL and the\nwrapping key must be set, because entries are sealed.\n\n" + environment(config.Operator)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		return s.operate(cmd, args[0], func(o *app.Operator) error { return run(cmd, o, args) })
	}
	return c
}

func importCommand(s *surroundings) *cobra.Command {
	replace, dryRun := false, false
	c := onEntries(s, &cobra.Command{
		Use:   "import TEAM FILE",
		Short: "Store the entries of a file, YAML or CSV",
		Long: "Store the entries of a file: a YAML list, or CSV with a header line, where its name ends in .csv. An entry has a key, by which\n" +
			"the next import finds it again, a question, an answer, and if wanted a link (https), tags and active (true or false). Either\n" +
			"all are stored or, where a line is wrong, none. What is not in the file stays, unless --replace.",
		Example: "  echosynch kb import T0ACME kb.yaml --dry-run",
		Args:    arguments("TEAM", "FILE"),
	}, func(cmd *cobra.Command, o *app.Operator, args []string) error {
		f, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer f.Close()
		all, err := knowledge.Read(args[1], f)
		if err != nil {
			return fmt.Errorf("nothing was changed: %w", err)
		}
		done, err := o.ImportEntries(cmd.Context(), all, replace, dryRun)
		if err != nil {
			return err
		}
		does := ""
		if dryRun {
			does = "would be: "
		}
		fmt.Fprintf(s.out, "%s%d added, %d changed, %d unchanged, %d removed, %d not in the file\n",
			does, done.Added, done.Changed, done.Unchanged, done.Removed, done.Kept)
		return nil
	})
	c.Flags().BoolVar(&replace, "replace", false, "remove what is not in the file, with its counts")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done and do nothing")
	return c
}

func exportEntriesCommand(s *surroundings) *cobra.Command {
	return onEntries(s, &cobra.Command{
		Use:     "export TEAM",
		Short:   "Print the entries as YAML that 'kb import' reads",
		Long:    "Print the entries as YAML that 'kb import' reads. The audit log says that it was done.",
		Example: "  echosynch kb export T0ACME >kb.yaml",
		Args:    arguments("TEAM"),
	}, func(cmd *cobra.Command, o *app.Operator, _ []string) error {
		all, err := o.ExportEntries(cmd.Context())
		if err != nil {
			return err
		}
		return knowledge.Write(s.out, all)
	})
}

func listEntriesCommand(s *surroundings) *cobra.Command {
	return onEntries(s, &cobra.Command{
		Use:   "list TEAM",
		Short: "List the entries, on how many requests each was offered and what came of it",
		Long:  "List the entries, on how many requests each was offered and what came of it.",
		Args:  arguments("TEAM"),
	}, func(cmd *cobra.Command, o *app.Operator, args []string) error {
		all, err := o.Entries(cmd.Context())
		if err != nil {
			return err
		}
		if len(all) == 0 {
			fmt.Fprintf(s.out, "no entries yet; to store those of a file: echosynch kb import %s FILE\n", args[0])
			return nil
		}
		t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "KEY\tACTIVE\tOFFERED\tHELPFUL\tNOT RELEVANT\tCLOSED\tQUESTION")
		for _, e := range all {
			fmt.Fprintf(t, "%s\t%v\t%d\t%d\t%d\t%d\t%s\n", e.Key, e.Active, e.Offered, e.Helpful, e.NotRelevant, e.Closed, e.Question)
		}
		return t.Flush()
	})
}

func removeEntryCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "remove TEAM KEY",
		Short: "Remove an entry with its counts",
		Long: "Remove an entry with its counts; to keep them and only stop offering it, import it with active: false. Where it stands in a\n" +
			"thread it stays, and its buttons no longer work.\n\n" + environment(config.Operator),
		Args: arguments("TEAM", "KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				err := o.RemoveEntry(cmd.Context(), args[1])
				if errors.Is(err, helpdesk.ErrNotFound) {
					return fmt.Errorf("there is no such entry; which there are: echosynch kb list %s", args[0])
				}
				return err
			})
		},
	}
}

func tryCommand(s *surroundings) *cobra.Command {
	return onEntries(s, &cobra.Command{
		Use:   "try TEAM TEXT",
		Short: "Say what would be offered on a message with this text, and how sure that is",
		Long: "Say what would be offered on a message with this text, and how sure that is; TEXT \"-\" is read from standard input. Nothing is\n" +
			"stored, and nothing is counted.",
		Example: "  echosynch kb try T0ACME \"how do I connect to the VPN?\"",
		Args:    arguments("TEAM", "TEXT"),
	}, func(cmd *cobra.Command, o *app.Operator, args []string) error {
		text := args[1]
		if text == "-" {
			raw, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
			if err != nil {
				return fmt.Errorf("read standard input: %w", err)
			}
			text = string(raw)
		}
		best, ok, err := o.TryEntries(cmd.Context(), text)
		switch {
		case err != nil:
			return err
		case !ok:
			fmt.Fprintln(s.out, "nothing is offered: no active entry has a word of it")
		case !best.Good():
			fmt.Fprintf(s.out, "nothing is offered: the best, %s, has %d %%, and %d %% are needed\n", best.Key, best.Confidence, knowledge.Threshold)
		default:
			fmt.Fprintf(s.out, "%s, confidence %d %%\n%s\n", best.Key, best.Confidence, strings.TrimSpace(best.Question+"\n"+best.Answer+"\n"+best.Link))
		}
		return nil
	})
}

func offerAnswersCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "offer-answers TEAM CHANNEL SWITCH",
		Short: "Offer answers of the knowledge base in the threads of a channel, or no longer",
		Long: "Offer answers of the knowledge base in the threads of a channel, or no longer. SWITCH is on or off; it is off in every channel\n" +
			"until it is switched on.\n\n" + environment(config.Operator),
		Example: "  echosynch channel offer-answers T0ACME C0ITHELP on",
		Args:    arguments("TEAM", "CHANNEL", "SWITCH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := check("channel", args[1], channelID, "C or G"); err != nil {
				return err
			}
			on := args[2] == "on"
			if !on && args[2] != "off" {
				return usageError{fmt.Errorf("%q is neither on nor off", args[2])}
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				return channelError(o.OfferAnswers(cmd.Context(), args[1], on), args[1])
			})
		},
	}
}
