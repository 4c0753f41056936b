package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func personCommand(s *surroundings) *cobra.Command {
	return group("person", "What is stored of one person: copies and erasure", personExportCommand(s), personEraseCommand(s), personRequestsCommand(s))
}

// lawful is a command about one person, who invokes a law.
func lawful(s *surroundings, c *cobra.Command, run func(cmd *cobra.Command, o *app.Operator, user string, law helpdesk.Law) error) *cobra.Command {
	law := c.Flags().String("law", string(helpdesk.GDPR), "the law that gives the deadline: gdpr (30 days) or ccpa (45 days)")
	c.Args = arguments("TEAM", "USER")
	c.Long += "\n\n" + environment(config.Operator)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := check("user", args[1], userID, "U or W"); err != nil {
			return err
		}
		if !helpdesk.Law(*law).Valid() {
			return usageError{fmt.Errorf("%q is no law we know: use gdpr or ccpa", *law)}
		}
		return s.operate(cmd, args[0], func(o *app.Operator) error {
			err := run(cmd, o, args[1], helpdesk.Law(*law))
			switch {
			case errors.Is(err, helpdesk.ErrNotFound):
				return fmt.Errorf("not found: nothing of %s is stored in team %s", args[1], args[0])
			case errors.Is(err, helpdesk.ErrLastAdmin):
				return fmt.Errorf("%s is the only admin of team %s: make somebody else one before, with 'echosynch agent add %s USER --admin'", args[1], args[0], args[0])
			}
			return err
		})
	}
	return c
}

func personExportCommand(s *surroundings) *cobra.Command {
	dir := ""
	c := lawful(s, &cobra.Command{
		Use:   "export TEAM USER",
		Short: "Write a copy of what is stored of a person, as JSON and CSV",
		Long: "Write a copy of what is stored of a person to a new directory, as JSON and CSV, with a README.txt that explains each file.\n" +
			"Texts that are still there are opened, so KEYSTORE_URL and the wrapping key must be set; the audit log says that it was done.",
		Example: "  echosynch person export T0ACME U0RITA -o rita",
	}, func(cmd *cobra.Command, o *app.Operator, user string, law helpdesk.Law) error {
		dir := cmp.Or(dir, "export-"+user)
		part, err := beginDirectory(dir)
		if err != nil {
			return err
		}
		defer os.RemoveAll(part)
		create, end := files(part)
		shown := false
		d, err := o.ExportPerson(cmd.Context(), user, law, create, func(t helpdesk.PersonTally) {
			if shown = isTerminal(s.errOut); shown {
				fmt.Fprintf(s.errOut, "\r%d requests, %d texts", t.Requests, t.Texts)
			}
		})
		if shown {
			fmt.Fprintln(s.errOut)
		}
		if err = cmp.Or(err, end()); err != nil {
			return err
		}
		if err := os.Rename(part, dir); err != nil {
			return fmt.Errorf("write %s: %w", dir, err)
		}
		fmt.Fprintf(s.out, "%s: %d requests, %d texts, %d summaries; asked %s, due %s\n",
			dir, d.Requests, d.Texts, d.Summaries, moment(d.AskedAt), moment(d.DueAt))
		return nil
	})
	c.Flags().StringVarP(&dir, "output", "o", "", "the directory to write to, which must not be there, or be empty (default export-USER)")
	return c
}

// beginDirectory makes a directory beside dir, which takes its place when all is written.
func beginDirectory(dir string) (part string, err error) {
	there, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("write %s: %w", dir, err)
	}
	if len(there) > 0 {
		return "", fmt.Errorf("write %s: the directory is not empty", dir)
	}
	part, err = os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".export-")
	if err != nil {
		return "", fmt.Errorf("write %s: %w", dir, err)
	}
	return part, nil
}

// files makes one file after the other, for nobody else to read; end closes the last.
func files(dir string) (create func(string) (io.Writer, error), end func() error) {
	var last *os.File
	end = func() error {
		if last == nil {
			return nil
		}
		return last.Close()
	}
	return func(name string) (io.Writer, error) {
		if err := end(); err != nil {
			return nil, err
		}
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // names of ours
		if err == nil {
			last = f
		}
		return f, err
	}, end
}

func personEraseCommand(s *surroundings) *cobra.Command {
	yes := false
	c := lawful(s, &cobra.Command{
		Use:   "erase TEAM USER",
		Short: "Say what is stored of a person, and with --yes destroy it",
		Long: "Say what is stored of a person, and with --yes destroy it: the texts and summaries of their requests, keys first; their roles;\n" +
			"and their id everywhere, in whose place stands a random pseudonym, so that figures stay. Their open requests are withdrawn.\n" +
			"A workflow does it; 'echosynch person requests' shows how far it is. Its certificate appears at the address printed.",
		Example: "  echosynch person erase T0ACME U0RITA --yes",
	}, func(cmd *cobra.Command, o *app.Operator, user string, law helpdesk.Law) error {
		p, err := o.PreviewPerson(cmd.Context(), user)
		if err != nil {
			return err
		}
		if p.LastAdmin {
			return helpdesk.ErrLastAdmin
		}
		fmt.Fprintf(s.out, "stored of %s: %d requests, %d of them open, which would be withdrawn; %d texts; %d summaries; %d roles; %d deliveries not yet worked on\n"+
			"%d open requests of others would lose their assignee; %d rows would stay, with a pseudonym in place of the id\n",
			user, p.Requests, p.Open, p.Texts, p.Summaries, p.Roles, p.Deliveries, p.Assigned, p.Names)
		if !yes {
			fmt.Fprintln(s.out, "nothing was changed; --yes destroys it, which cannot be undone")
			return nil
		}
		d, err := o.ErasePerson(cmd.Context(), user, law)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s is being erased, due by %s; see 'echosynch person requests'\ncertificate: %s\n", user, moment(d.DueAt), o.CertificateAddress(d))
		return nil
	})
	c.Flags().BoolVar(&yes, "yes", false, "destroy it")
	return c
}

func personRequestsCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "requests TEAM",
		Short: "List who asked for a copy or an erasure, and by when the law wants it done",
		Long: "List the data requests of a workspace, those not yet answered first: what was asked, by which law, by when it is due, how many\n" +
			"days that is from now, and at which step it is. Who was erased appears under their pseudonym.\n\n" + environment(config.Operator),
		Args: arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				found, err := o.DataRequests(cmd.Context())
				if err != nil {
					return err
				}
				if len(found) == 0 {
					fmt.Fprintln(s.out, "nobody has asked for a copy or an erasure")
					return nil
				}
				t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "KIND\tPERSON\tLAW\tASKED\tDUE\tLEFT\tSTEP\tDONE\tOUTCOME\tCERTIFICATE")
				for _, d := range found {
					left, address := "-", "-"
					if !d.Ended() {
						left = fmt.Sprintf("%.1f days", time.Until(d.DueAt).Hours()/24)
					}
					if d.Outcome == helpdesk.DataErased {
						address = o.CertificateAddress(d)
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Kind, cmp.Or(d.Person, "-"), cmp.Or(string(d.Law), "-"),
						moment(d.AskedAt), moment(d.DueAt), left, d.Step, cmp.Or(moment(d.DoneAt), "-"), cmp.Or(string(d.Outcome), "-"), address)
				}
				return t.Flush()
			})
		},
	}
}

func workspaceExportCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "export TEAM",
		Short: "Make a link to a copy of everything that is stored of a workspace",
		Long: "Make a link to a copy of everything that is stored of a workspace, as a zip. It works once, within 24 hours; opening it shows a\n" +
			"page with a button, so that a preview does not use it up. Nothing is made before the button is pressed, and nothing is kept.\n" +
			"Whoever has the link can read all texts that are still there.\n\n" + environment(config.Operator),
		Example: "  echosynch workspace export T0ACME",
		Args:    arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				d, link, err := o.LinkExport(cmd.Context())
				if link != "" {
					fmt.Fprintf(s.out, "works once, until %s:\n%s\n", moment(d.DueAt), link)
				}
				return err
			})
		},
	}
}
