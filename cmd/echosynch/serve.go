package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

func apiCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "api",
		Short: "Serve Slack and browsers, and hand over what Slack delivers",
		Long:  "Serve Slack and browsers, and hand over what Slack delivers, until interrupted.\n\n" + environment(config.API),
		Args:  arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := s.load(config.API)
			if err != nil {
				return err
			}
			return app.API(cmd.Context(), cfg, s.logger(cfg))
		},
	}
}

func workerCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "worker",
		Short: "Run workflows and activities",
		Long:  "Run workflows and activities until interrupted.\n\n" + environment(config.Worker),
		Args:  arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := s.load(config.Worker)
			if err != nil {
				return err
			}
			return app.Worker(cmd.Context(), cfg, s.logger(cfg))
		},
	}
}

func migrateCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring both databases to the schema of this binary",
		Long:  "Bring both databases to the schema of this binary. Safe to repeat.\n\n" + environment(config.Migrate),
		Args:  arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := s.load(config.Migrate)
			if err != nil {
				return err
			}
			return app.Migrate(cmd.Context(), cfg, s.out)
		},
	}
}

func manifestCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "manifest",
		Short: "Print the Slack app manifest",
		Long: "Print the manifest to create the Slack app from, at api.slack.com/apps, with PUBLIC_URL as its address.\n\n" +
			environment(config.Manifest),
		Args: arguments(),
		RunE: func(*cobra.Command, []string) error {
			cfg, err := s.load(config.Manifest)
			if err != nil {
				return err
			}
			out, err := json.MarshalIndent(slackapi.NewManifest(cfg.PublicURL), "", "  ")
			if err != nil {
				return fmt.Errorf("encode manifest: %w", err)
			}
			_, err = fmt.Fprintln(s.out, string(out))
			return err
		},
	}
}
