package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func keysCommand(s *surroundings) *cobra.Command {
	return group("keys", "The keys of workspaces, and what wraps them", keysStatusCommand(s), keysRotateCommand(s), keysRewrapCommand(s))
}

func keysStatusCommand(s *surroundings) *cobra.Command {
	only := ""
	status := &cobra.Command{
		Use:   "status",
		Short: "Say which keys there are, how old they are and what they are under",
		Long: "Say which keys there are: the version and the age of each workspace's key, how many requests have keys and how many of\n" +
			"those are still under the former version, the wrapping key, and what 'keys rewrap' would have to do. It opens each key to\n" +
			"find out, so one that cannot be opened is an error.\n\n" + environment(config.Operator),
		Example: "  echosynch keys status\n  echosynch keys status --workspace T0ACME",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.onKeys(cmd, only, only == "", func(k *app.Keys, each func(func(helpdesk.WorkspaceID) error) error) error {
				return s.keysStatus(cmd, k, each)
			})
		},
	}
	status.Flags().StringVar(&only, "workspace", "", "only this one: its id or its Slack team")
	return status
}

func keysRotateCommand(s *surroundings) *cobra.Command {
	only, all, age := "", false, time.Duration(0)
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the key of a workspace, or of all, by its next version",
		Long: "Replace the key of a workspace, or of all, by its next version: the keys of requests come under it in batches, and then the\n" +
			"former version is destroyed. The service goes on meanwhile. Where the command was broken off, repeat it: what was begun is\n" +
			"finished. With --older-than a key that is younger is left alone, so that a broken off --all does nothing twice.\n\n" +
			environment(config.Operator),
		Example: "  echosynch keys rotate --workspace T0ACME\n  echosynch keys rotate --all --older-than 2160h",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if age < 0 {
				return usageError{fmt.Errorf("--older-than is a time from 0 on, not %v", age)}
			}
			return s.onKeys(cmd, only, all, func(k *app.Keys, each func(func(helpdesk.WorkspaceID) error) error) error {
				return each(func(id helpdesk.WorkspaceID) error { return s.rotate(cmd, k, id, age) })
			})
		},
	}
	rotate.Flags().StringVar(&only, "workspace", "", "only this one: its id or its Slack team")
	rotate.Flags().BoolVar(&all, "all", false, "every workspace")
	rotate.Flags().DurationVar(&age, "older-than", 0, "leave keys alone that are younger, such as 2160h")
	return rotate
}

func keysRewrapCommand(s *surroundings) *cobra.Command {
	return &cobra.Command{
		Use:   "rewrap",
		Short: "Bring all keys, bot tokens and credentials under the wrapping key in use",
		Long: "Bring the keys of all workspaces, the ingress key, the bot tokens and the credentials of workspaces' own models under the\n" +
			"wrapping key in use: the first of KMS_KEY_ID, or the first line of LOCAL_KMS_KEY_FILE. It does nothing twice, so repeat it where it was broken off. To replace a wrapping\n" +
			"key while the service runs:\n\n" +
			"  1. add the new one as the second everywhere (KMS_KEY_ID=old,new or a second line), and restart api and worker\n" +
			"  2. make it the first everywhere (new,old), and restart them again: each opens what the other wraps\n" +
			"  3. echosynch keys rewrap\n" +
			"  4. when 'keys status' shows nothing to rewrap, remove the old one\n\n" + environment(config.Operator),
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.onKeys(cmd, "", true, func(k *app.Keys, each func(func(helpdesk.WorkspaceID) error) error) error {
				return s.rewrap(cmd, k, each)
			})
		},
	}
}

// onKeys runs f on the key store, with what calls a function for one workspace or for all of them.
func (s *surroundings) onKeys(cmd *cobra.Command, only string, all bool, f func(*app.Keys, func(func(helpdesk.WorkspaceID) error) error) error) error {
	var id helpdesk.WorkspaceID
	team := teamID.MatchString(only)
	switch {
	case all == (only != ""):
		return usageError{errors.New("needs either --workspace or --all")}
	case only != "" && !team && id.UnmarshalText([]byte(only)) != nil:
		return usageError{fmt.Errorf("%q is neither the id of a workspace nor of a Slack team", only)}
	}
	cfg, err := s.load(config.Operator)
	if err != nil {
		return err
	}
	k, err := app.OpenKeys(cmd.Context(), cfg, account())
	if err != nil {
		return err
	}
	defer k.Close()
	if all {
		return f(k, func(do func(helpdesk.WorkspaceID) error) error {
			return k.Each(cmd.Context(), func(id helpdesk.WorkspaceID) error {
				if err := do(id); !errors.Is(err, helpdesk.ErrErased) { // else it was destroyed meanwhile
					return err
				}
				return nil
			})
		})
	}
	if team {
		id, err = k.Of(cmd.Context(), only)
		if errors.Is(err, helpdesk.ErrNotInstalled) {
			return fmt.Errorf("team %s has no installed workspace", only)
		}
		if err != nil {
			return err
		}
	}
	return f(k, func(do func(helpdesk.WorkspaceID) error) error {
		if err := do(id); !errors.Is(err, helpdesk.ErrErased) {
			return err
		}
		return fmt.Errorf("workspace %s has no key: it is unknown, or destroyed", only)
	})
}

func (s *surroundings) keysStatus(cmd *cobra.Command, k *app.Keys, each func(func(helpdesk.WorkspaceID) error) error) error {
	under, current, err := k.IngressStatus(cmd.Context())
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KEY OF\tVERSION\tAGE\tREQUESTS\tUNDER THE FORMER VERSION\tWRAPPED BY\tTO REWRAP")
	fmt.Fprintf(t, "ingress\t-\t-\t-\t-\t%s\t%s\n", under, toRewrap(!current, false, false))
	n := 0
	failed := each(func(id helpdesk.WorkspaceID) error {
		st, err := k.Status(cmd.Context(), id)
		if errors.Is(err, helpdesk.ErrErased) {
			fmt.Fprintf(t, "%s\tdestroyed\t-\t-\t-\t-\t-\n", id)
		}
		if err != nil {
			return err
		}
		n++
		fmt.Fprintf(t, "%s\t%d\t%s\t%d\t%d\t%s\t%s\n", id, st.Version, span(time.Since(st.Since).Truncate(day)), st.Requests, st.Older, st.Under,
			toRewrap(!st.Current, st.TokenUnder != "" && !st.TokenCurrent, st.CredentialUnder != "" && !st.CredentialCurrent))
		return nil
	})
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "workspace keys: %d\n", n)
	return failed
}

func toRewrap(key, token, credential bool) string {
	var parts []string
	for _, p := range []struct {
		due  bool
		name string
	}{{key, "key"}, {token, "token"}, {credential, "credential"}} {
		if p.due {
			parts = append(parts, p.name)
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "-")
}

func (s *surroundings) rotate(cmd *cobra.Command, k *app.Keys, id helpdesk.WorkspaceID, age time.Duration) error {
	moved := 0
	r, due, err := k.Rotate(cmd.Context(), id, age, func(n int) { moved += n })
	switch {
	case err != nil:
		return fmt.Errorf("%w; everything can be read as before: repeat the command to go on", err)
	case !due:
		fmt.Fprintf(s.out, "%s: younger than %v, left alone\n", id, age)
	default:
		fmt.Fprintf(s.out, "%s: version %d replaces version %d, keys of %d requests moved\n", id, r.To, r.From, moved)
	}
	return nil
}

func (s *surroundings) rewrap(cmd *cobra.Command, k *app.Keys, each func(func(helpdesk.WorkspaceID) error) error) error {
	changed, err := k.RewrapIngress(cmd.Context())
	if err != nil {
		return err
	}
	keys, tokens, credentials := 0, 0, 0
	failed := each(func(id helpdesk.WorkspaceID) error {
		done, err := k.Rewrap(cmd.Context(), id)
		keys, tokens, credentials = keys+btoi(done.Key), tokens+btoi(done.Token), credentials+btoi(done.Credential)
		if errors.Is(err, helpdesk.ErrErased) { // destroyed meanwhile
			return nil
		}
		return err
	})
	fmt.Fprintf(s.out, "rewrapped: %d ingress key, %d workspace keys, %d bot tokens, %d model credentials\n", btoi(changed), keys, tokens, credentials)
	return failed
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
