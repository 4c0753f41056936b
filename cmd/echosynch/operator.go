package main

import (
	"cmp"
	"errors"
	"fmt"
	"os/user"
	"regexp"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// What Slack's ids look like; a name or a link in their place is the usual mistake.
var (
	teamID    = regexp.MustCompile(`^T[A-Z0-9]{2,}$`)
	channelID = regexp.MustCompile(`^[CG][A-Z0-9]{2,}$`)
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]{2,}$`)
	botID     = regexp.MustCompile(`^B[A-Z0-9]{2,}$`)
)

// operate runs f on the workspace of a Slack team.
func (s *surroundings) operate(cmd *cobra.Command, team string, f func(*app.Operator) error) error {
	if err := check("team", team, teamID, "T"); err != nil {
		return err
	}
	cfg, err := s.load(config.Operator)
	if err != nil {
		return err
	}
	o, err := app.OpenOperator(cmd.Context(), cfg, team, account())
	if errors.Is(err, helpdesk.ErrNotInstalled) {
		return fmt.Errorf("team %s has no installed workspace; install it at PUBLIC_URL/slack/install", team)
	}
	if err != nil {
		return err
	}
	defer o.Close()
	return f(o)
}

// account is who runs the command, for the audit log.
func account() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

func check(what, value string, form *regexp.Regexp, begins string) error {
	if !form.MatchString(value) {
		return usageError{fmt.Errorf("%q is no Slack %s id (they begin with %s)", value, what, begins)}
	}
	return nil
}

func agentCommand(s *surroundings) *cobra.Command {
	admin := false
	add := &cobra.Command{
		Use:   "add TEAM USER",
		Short: "Make a person an agent, or with --admin an admin",
		Long: "Make a person an agent, or with --admin an admin. Guests, bots, deactivated people and people of other workspaces\n" +
			"are refused, where KEYSTORE_URL and LOCAL_KMS_KEY_FILE are set to ask Slack.\n\n" + environment(config.Operator),
		Example: "  echosynch agent add T0ACME U0DANA",
		Args:    arguments("TEAM", "USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := check("user", args[1], userID, "U or W"); err != nil {
				return err
			}
			role := helpdesk.RoleAgent
			if admin {
				role = helpdesk.RoleAdmin
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				asked, err := o.CheckAgent(cmd.Context(), args[1])
				if err != nil {
					return err
				}
				if !asked {
					fmt.Fprintln(s.errOut, "not asked Slack whether this person can be an agent: KEYSTORE_URL, or LOCAL_KMS_KEY_FILE and KMS_KEY_ID, is not set")
				}
				return o.PutAgent(cmd.Context(), args[1], role)
			})
		},
	}
	add.Flags().BoolVar(&admin, "admin", false, "make the person an admin, who is also an agent")
	remove := &cobra.Command{
		Use:   "remove TEAM USER",
		Short: "Take every role from a person",
		Long:  "Take every role from a person.\n\n" + environment(config.Operator),
		Args:  arguments("TEAM", "USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := check("user", args[1], userID, "U or W"); err != nil {
				return err
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				err := o.RemoveAgent(cmd.Context(), args[1])
				if errors.Is(err, helpdesk.ErrNotFound) {
					return fmt.Errorf("%s has no role in team %s; who has one: echosynch agent list %s", args[1], args[0], args[0])
				}
				return err
			})
		},
	}
	list := &cobra.Command{
		Use:   "list TEAM",
		Short: "List who has a role",
		Long:  "List who has a role, admins first.\n\n" + environment(config.Operator),
		Args:  arguments("TEAM"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				agents, err := o.Agents(cmd.Context())
				if err != nil {
					return err
				}
				t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "USER\tROLE")
				for _, a := range agents {
					fmt.Fprintf(t, "%s\t%s\n", a.User, a.Role)
				}
				return t.Flush()
			})
		},
	}
	return group("agent", "Who may act on requests", add, remove, list)
}

func channelCommand(s *surroundings) *cobra.Command {
	deny := false
	bot := &cobra.Command{
		Use:   "allow-bot TEAM CHANNEL BOT",
		Short: "Let the messages of a bot open requests in a channel, or with --deny no longer",
		Long:  "Let the messages of a bot open requests in a channel, or with --deny no longer.\n\n" + environment(config.Operator),
		Args:  arguments("TEAM", "CHANNEL", "BOT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(check("channel", args[1], channelID, "C or G"), check("bot", args[2], botID, "B")); err != nil {
				return err
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				return channelError(o.AllowBot(cmd.Context(), args[1], args[2], !deny), args[1])
			})
		},
	}
	external := &cobra.Command{
		Use:   "allow-external TEAM CHANNEL",
		Short: "Read people outside the workspace in a shared channel, or with --deny no longer",
		Long:  "Read people outside the workspace in a shared channel, or with --deny no longer.\n\n" + environment(config.Operator),
		Args:  arguments("TEAM", "CHANNEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := check("channel", args[1], channelID, "C or G"); err != nil {
				return err
			}
			return s.operate(cmd, args[0], func(o *app.Operator) error {
				return channelError(o.AllowExternal(cmd.Context(), args[1], !deny), args[1])
			})
		},
	}
	for _, c := range []*cobra.Command{bot, external} {
		c.Flags().BoolVar(&deny, "deny", false, "take the permission back")
	}
	return group("channel", "Who is read in a channel, and whether answers are offered", bot, external, offerAnswersCommand(s))
}

func channelError(err error, channel string) error {
	if errors.Is(err, helpdesk.ErrNotFound) {
		return fmt.Errorf("the app was never invited to channel %s", channel)
	}
	return err
}
