package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/restore"
)

func restoreCommand(s *surroundings) *cobra.Command {
	lost, yes := false, false
	reconcile := &cobra.Command{
		Use:   "reconcile",
		Short: "Make a main database that was restored from a backup fit to serve",
		Long: "Make a main database that was restored from a backup fit to serve: whatever has no key in the key store was erased since,\n" +
			"and is deleted again; workspaces that were destroyed go with all their rows; requests and Temporal are made to agree. Until\n" +
			"then api and worker refuse to start. Harmless when repeated. Stop api and worker before it.\n\n" +
			"With --keys-lost the key store itself was lost: nothing written before can be read, and every app has to be installed again.\n\n" +
			environment(config.Reconcile),
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := s.load(config.Reconcile)
			if err != nil {
				return err
			}
			if lost && !yes && !s.agrees(cmd, "Give up every text and token there is, because their keys are lost? [y/N] ") {
				return errors.New("nothing was changed")
			}
			done, err := app.Reconcile(cmd.Context(), cfg, lost, s.logger(cfg))
			if printed := s.counts(done); err == nil {
				err = printed
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(s.out, "reconciled: api and worker may start")
			return nil
		},
	}
	reconcile.Flags().BoolVar(&lost, "keys-lost", false, "the key store that the database was used with is gone for good")
	reconcile.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return group("restore", "After a restore from a backup", reconcile)
}

// reconciled are the counts in the order of the work.
var reconciled = []string{
	restore.Workspaces, restore.Rows, restore.Texts, restore.Summaries, restore.Bodies, restore.Models,
	restore.HistoryRuns, restore.Running, restore.Ended, restore.Restarted, restore.Terminated,
}

func (s *surroundings) counts(done map[string]int64) error {
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, what := range reconciled {
		if n, ok := done[what]; ok {
			fmt.Fprintf(t, "%s\t%d\n", words(what), n)
		}
	}
	return t.Flush()
}

func drillCommand(s *surroundings) *cobra.Command {
	var dump, base, dir, out string
	drill := &cobra.Command{
		Use:   "restore-drill",
		Short: "Restore backups aside, and show that what was erased since cannot be opened",
		Long: "Restore a dump, a base backup or both of the main database into clusters of their own, try to open all they hold with the\n" +
			"live keys, reconcile them, and write a signed report. The live databases are only read: the main database says what was\n" +
			"erased since, the key store is asked for keys. It needs Postgres's programs of the backup's version on this machine, and\n" +
			"room for a copy. Exit code 1 where anything erased could be opened, or is left after the reconciliation.\n\n" + environment(config.Drill),
		Example: "  pg_dump --format=custom --file=main.dump \"$DATABASE_ADMIN_URL\"\n" +
			"  pg_basebackup --format=plain --wal-method=stream --pgdata=main.backup --dbname=\"$DATABASE_ADMIN_URL\"\n" +
			"  echosynch restore-drill --dump main.dump --base-backup main.backup --report report.json",
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := s.load(config.Drill)
			if err != nil {
				return err
			}
			backups := slices.DeleteFunc([]app.Backup{{Kind: restore.Dump, Path: dump}, {Kind: restore.BaseBackup, Path: base}},
				func(b app.Backup) bool { return b.Path == "" })
			if len(backups) == 0 {
				return usageError{errors.New("needs --dump, --base-backup or both")}
			}
			return s.drill(cmd.Context(), cfg, backups, dir, out)
		},
	}
	drill.Flags().StringVar(&dump, "dump", "", "a dump of the main database, made with pg_dump --format=custom")
	drill.Flags().StringVar(&base, "base-backup", "", "a base backup of the main cluster, made with pg_basebackup --format=plain --wal-method=stream")
	drill.Flags().StringVar(&dir, "scratch", os.TempDir(), "the directory for the clusters, which go at the end")
	drill.Flags().StringVar(&out, "report", "", "the file for the signed report; without it none is kept")
	return drill
}

// drill carries out the drill, keeps the report and says what it says.
func (s *surroundings) drill(ctx context.Context, cfg config.Config, backups []app.Backup, dir, out string) error {
	report, d, err := app.RestoreDrill(ctx, cfg, backups, dir, s.logger(cfg))
	if err != nil {
		return err
	}
	if out != "" {
		if err := os.WriteFile(out, report, 0o644); err != nil { //nolint:gosec // it is to be shown
			return fmt.Errorf("keep the report: %w", err)
		}
	}
	if err := s.showDrill(d); err != nil {
		return err
	}
	if len(d.Failures) > 0 {
		return fmt.Errorf("the drill was not passed: %s", d.Failures[0])
	}
	return nil
}

func (s *surroundings) showDrill(d certificate.Drill) error {
	fmt.Fprintf(s.out, "restore drill of %s, key store %s\n", d.Ended.Format(time.RFC3339), d.Keystore)
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "BACKUP\tWHAT\tLIVING\tOPENED\tERASED SINCE\tOPENED\tLEFT WHEN RECONCILED")
	for _, trial := range d.Trials {
		for _, kind := range []string{"workspaces", "tokens", "texts", "summaries", "bodies"} {
			b, a := trial.Before[kind], trial.After[kind]
			fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\n", words(trial.Backup), kind, b.Living, b.LivingOpened, b.Erased, b.ErasedOpened, a.Erased)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, trial := range d.Trials {
		if !trial.AsOf.IsZero() {
			fmt.Fprintf(s.out, "%s %s is as of %s\n", words(trial.Backup), trial.Name, trial.AsOf.Format(time.RFC3339))
		}
	}
	for _, failure := range d.Failures {
		fmt.Fprintf(s.out, "FAILED: %s\n", failure)
	}
	for _, sentence := range d.NotCovered {
		fmt.Fprintf(s.out, "not covered: %s\n", sentence)
	}
	if len(d.Failures) == 0 {
		fmt.Fprintln(s.out, "passed: nothing that was erased could be opened")
	}
	return nil
}

func verifyDrillCommand(s *surroundings) *cobra.Command {
	var key string
	verify := &cobra.Command{
		Use:   "verify-drill REPORT --key PUB",
		Short: "Check the report of a drill with the public key; needs neither network nor configuration",
		Long: "Check the report of a drill with the public key, as published at /trust/key. It needs neither network nor configuration.\n" +
			"PUB is a file, which may hold several, or the key itself in base64. Exit code 1 where it is refused, or the drill was not passed.",
		Example: "  echosynch certificate verify-drill report.json --key key.pem",
		Args:    arguments("REPORT"),
		RunE: func(_ *cobra.Command, args []string) error {
			if key == "" {
				return usageError{errors.New("needs --key, the public key as published at /trust/key")}
			}
			public, err := publicKeys(key)
			if err != nil {
				return err
			}
			doc, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read the report: %w", err)
			}
			d, err := certificate.VerifyDrill(doc, public...)
			if err != nil {
				return fmt.Errorf("%s is refused: %w", args[0], err)
			}
			fmt.Fprintf(s.out, "%s: verified\n", args[0])
			if err := s.showDrill(d); err != nil {
				return err
			}
			if len(d.Failures) > 0 {
				return fmt.Errorf("the drill was not passed: %s", d.Failures[0])
			}
			return nil
		},
	}
	verify.Flags().StringVar(&key, "key", "", "the public key: a file, or base64")
	return verify
}
