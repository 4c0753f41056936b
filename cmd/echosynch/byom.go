package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/location"
	"github.com/echo-synch/echo-synch/internal/secret"
)

func byomCommand(s *surroundings) *cobra.Command {
	return group("byom", "A workspace's own model, in its own Google Cloud project", byomSetCommand(s), byomVerifyCommand(s), byomRemoveCommand(s))
}

func byomSetCommand(s *surroundings) *cobra.Command {
	var m helpdesk.BYOM
	keyFile := ""
	set := &cobra.Command{
		Use:   "set TEAM",
		Short: "Let a workspace's messages be read by its own model only",
		Long: "Let a workspace's messages be read by its own model only, in its own Google Cloud project: nothing of it goes to ours from\n" +
			"then on, whatever fails. The project either grants our service account roles/aiplatform.user (--grant; nothing has to be\n" +
			"kept), or gives a service account's key in a file (--key-file, - for standard input), which is kept encrypted and never\n" +
			"shown again. The model is verified by a request that nobody wrote; one that does not answer is not set.\n\n" + environment(config.Operator),
		Example: "  echosynch byom set T0ACME --project acme-ai --location europe-west3 --model gemini-3.5-flash-lite --grant\n" +
			"  echosynch byom set T0ACME --project acme-ai --location eu --model gemini-3.5-flash-lite --key-file key.json",
		Args: arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := location.Of(m.Location); err != nil {
				return usageError{fmt.Errorf("--location %q %w", m.Location, err)}
			}
			if err := gemini.CheckProject(m.Project); err != nil {
				return usageError{fmt.Errorf("--project %q %w", m.Project, err)}
			}
			if m.Model == "" {
				return usageError{errors.New("needs --model, such as gemini-3.5-flash-lite")}
			}
			if m.Granted == (keyFile != "") {
				return usageError{errors.New("needs either --grant or --key-file")}
			}
			var key secret.Value
			if keyFile != "" {
				var err error
				if key, err = readKey(cmd.InOrStdin(), keyFile); err != nil {
					return err
				}
			}
			return s.withKeys(cmd, args[0], func(b *app.Keyholder) error {
				v, err := b.SetModel(cmd.Context(), m, key)
				if err != nil {
					return fmt.Errorf("nothing was changed: %w", explained(err))
				}
				s.verified(v)
				fmt.Fprintln(s.out, "from now on this workspace's messages are read by this model only")
				return nil
			})
		},
	}
	f := set.Flags()
	f.StringVar(&m.Project, "project", "", "id of the Google Cloud project")
	f.StringVar(&m.Location, "location", "", "eu, us or a region such as europe-west3; global is refused")
	f.StringVar(&m.Model, "model", "", "name of the model at Vertex AI")
	f.BoolVar(&m.Granted, "grant", false, "the project grants our service account roles/aiplatform.user")
	f.StringVar(&keyFile, "key-file", "", "file with a service account's key, - for standard input")
	return set
}

// readKey reads a key and checks it; its errors show nothing of it.
func readKey(in io.Reader, file string) (secret.Value, error) {
	if file != "-" {
		f, err := os.Open(file) //nolint:gosec // the operator names it
		if err != nil {
			return secret.Value{}, fmt.Errorf("%s: %w", file, errors.Unwrap(err))
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, 64<<10))
	if err != nil {
		return secret.Value{}, fmt.Errorf("%s: cannot be read", file)
	}
	key, err := gemini.ParseKey(raw)
	if err != nil {
		return secret.Value{}, fmt.Errorf("%s: %w", file, err)
	}
	return key, nil
}

func byomVerifyCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "verify TEAM",
		Short: "Ask a workspace's own model, and end a pause where it answers",
		Long: "Ask a workspace's own model with a request that nobody wrote, and show project, location, model, how long it took and whether\n" +
			"the project caches prompts. A project that refused has been paused; one that answers now is asked again from then on.\n\n" + environment(config.Operator),
		Example: "  echosynch byom verify T0ACME",
		Args:    arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.withKeys(cmd, args[0], func(b *app.Keyholder) error {
				v, err := b.VerifyModel(cmd.Context())
				if errors.Is(err, helpdesk.ErrNotFound) {
					return fmt.Errorf("team %s has no model of its own; set one with: echosynch byom set %s", args[0], args[0])
				}
				if err != nil {
					return explained(err)
				}
				s.verified(v)
				return nil
			})
		},
	}
}

// verified shows what a project answered.
func (s *surroundings) verified(v gemini.Verified) {
	fmt.Fprintf(s.out, "project   %s\nlocation  %s\nmodel     %s\nlatency   %v\ncaching   %s\n", v.Project, v.Location, v.Model, v.Latency.Round(time.Millisecond), v.Caching)
	if v.Caching == gemini.CachingEnabled {
		fmt.Fprintf(s.out, "The project keeps prompts in memory for up to 24 hours. To disable it:\n"+
			"  PATCH https://aiplatform.googleapis.com/v1/projects/%s/cacheConfig {\"name\":\"projects/%s/cacheConfig\",\"disableCache\":true}\n", v.Project, v.Project)
	}
}

// remedies are what helps where a project does not answer.
var remedies = map[error]string{
	gemini.ErrRefused:     "grant roles/aiplatform.user on the project, enable the Vertex AI API, and check model and location",
	gemini.ErrQuota:       "raise the project's quota for the model, or wait",
	gemini.ErrTimeout:     "try again; a model that is always slow triages nothing, it has 3 seconds",
	gemini.ErrUnavailable: "try again in some minutes; check that this machine reaches Google",
	gemini.ErrMalformed:   "choose a model that answers in a JSON schema",
	gemini.ErrBlocked:     "choose another model",
}

func explained(err error) error {
	for kind, remedy := range remedies {
		if errors.Is(err, kind) {
			return fmt.Errorf("%w: %s", err, remedy)
		}
	}
	return err
}

// providers are whose model may follow, by the words of the commands.
var providers = map[string]helpdesk.ModelProvider{"default": helpdesk.ProviderDefault, "lexical": helpdesk.ProviderLexical}

func byomRemoveCommand(s *surroundings) *cobra.Command {
	then := ""
	remove := &cobra.Command{
		Use:   "remove TEAM",
		Short: "Destroy what is kept of a workspace's own model, and say which provider follows",
		Long: "Destroy what is kept of a workspace's own model, its key included, and say which provider follows: default, the service's own\n" +
			"model in our project, or lexical, the embedded classifier alone, with which no message leaves the service. It asks where\n" +
			"somebody can answer; else --then says it.\n\n" + environment(config.Operator),
		Example: "  echosynch byom remove T0ACME --then lexical",
		Args:    arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if then == "" {
				then = s.choice(cmd.InOrStdin())
			}
			next, ok := providers[then]
			if !ok {
				return usageError{errors.New("needs --then default or --then lexical: which provider follows")}
			}
			return s.withKeys(cmd, args[0], func(b *app.Keyholder) error {
				err := b.RemoveModel(cmd.Context(), next)
				if errors.Is(err, helpdesk.ErrNotFound) {
					return fmt.Errorf("team %s has no model of its own", args[0])
				}
				if err == nil {
					fmt.Fprintf(s.out, "removed; from now on: %s\n", then)
				}
				return err
			})
		},
	}
	remove.Flags().StringVar(&then, "then", "", "default or lexical")
	return remove
}

// choice asks which provider follows, where somebody can answer.
func (s *surroundings) choice(in io.Reader) string {
	if !isTerminal(in) {
		return ""
	}
	fmt.Fprint(s.errOut, "Which provider follows, default (our project) or lexical (no model)? ")
	line, _ := bufio.NewReader(in).ReadString('\n') // nothing is no choice
	return strings.TrimSpace(line)
}

// withKeys runs f on the workspace of a Slack team.
func (s *surroundings) withKeys(cmd *cobra.Command, team string, f func(*app.Keyholder) error) error {
	if err := check("team", team, teamID, "T"); err != nil {
		return err
	}
	cfg, err := s.load(config.Operator)
	if err != nil {
		return err
	}
	b, err := app.OpenKeyholder(cmd.Context(), cfg, team, account())
	if errors.Is(err, helpdesk.ErrNotInstalled) {
		return fmt.Errorf("team %s has no installed workspace; install it at PUBLIC_URL/slack/install", team)
	}
	if err != nil {
		return err
	}
	defer b.Close()
	return f(b)
}

func providerCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "provider TEAM PROVIDER",
		Short: "Choose whose model reads a workspace's messages: default or lexical",
		Long: "Choose whose model reads a workspace's messages: default, what the service is set up with, or lexical, the embedded classifier\n" +
			"alone, with which no message leaves the service. A model of its own: echosynch byom.\n\n" + environment(config.Operator),
		Example: "  echosynch workspace provider T0ACME lexical",
		Args:    arguments("TEAM", "PROVIDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, ok := providers[args[1]]
			if !ok {
				return usageError{fmt.Errorf("%q is no provider: use default or lexical", args[1])}
			}
			return s.withKeys(cmd, args[0], func(b *app.Keyholder) error {
				err := b.ChooseProvider(cmd.Context(), p)
				if errors.Is(err, app.ErrBYOM) {
					return fmt.Errorf("%w: remove it with: echosynch byom remove %s --then %s", err, args[0], args[1])
				}
				return err
			})
		},
	}
}

func tokensCommand(s *surroundings) *cobra.Command {
	tokens := int64(0)
	c := &cobra.Command{
		Use:   "ai-budget TEAM",
		Short: "Limit how many tokens a day a workspace may use of our project",
		Long: fmt.Sprintf("Limit how many tokens a day (UTC) a workspace may use of our project; %d unless said otherwise. Beyond it requests are\n"+
			"triaged without AI, which their receipts say. A workspace's own model has no limit here.\n\n", helpdesk.DefaultTokens) + environment(config.Operator),
		Example: "  echosynch workspace ai-budget T0ACME --tokens 500000",
		Args:    arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if tokens < 0 || !cmd.Flags().Changed("tokens") {
				return usageError{errors.New("needs --tokens, from 0 on; 0 is the usual limit")}
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error { return o.SetTokens(cmd.Context(), tokens) })
		},
	}
	c.Flags().Int64Var(&tokens, "tokens", 0, "tokens a day; 0 for the usual limit")
	return c
}
