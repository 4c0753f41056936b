package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// environ is the environment of a command.
type environ map[string]string

func (e environ) get(name string) string { return e[name] }

// result is what a caller sees of a command.
type result struct {
	code        int
	out, errOut string
}

func execute(ctx context.Context, e environ, args ...string) result {
	var out, errOut bytes.Buffer
	code := run(ctx, args, e.get, &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

// leaves are the commands that do something, by what they read.
func leaves() map[string]config.Need {
	return map[string]config.Need{
		"api": config.API, "worker": config.Worker, "migrate": config.Migrate, "manifest": config.Manifest,
		"agent add": config.Operator, "agent remove": config.Operator, "agent list": config.Operator,
		"workspace staff-channel": config.Operator, "workspace hide-addresses": config.Operator,
		"channel allow-bot": config.Operator, "channel allow-external": config.Operator,
		"kb import": config.Operator, "kb export": config.Operator, "kb list": config.Operator, "kb remove": config.Operator, "kb try": config.Operator,
		"channel offer-answers": config.Operator,
		"workspace purge":       config.Operator, "workspace purges": config.Operator, "retention preview": config.Operator, "retention set": config.Operator,
		"audit export": config.Operator, "request show": config.Operator, "request duplicate": config.Operator, "certificate verify": 0,
		"certificate verify-drill": 0, "restore reconcile": config.Reconcile, "restore-drill": config.Drill,
		"keys status": config.Operator, "keys rotate": config.Operator, "keys rewrap": config.Operator,
		"person export": config.Operator, "person erase": config.Operator, "person requests": config.Operator, "workspace export": config.Operator,
		"labels import": config.Operator, "labels export": config.Operator, "labels starters": 0, "labels agreement": config.Operator, "labels example": config.Operator,
		"byom set": config.Operator, "byom verify": config.Operator, "byom remove": config.Operator, "workspace provider": config.Operator,
		"workspace ai-budget": config.Operator,
		"eval":                0, // with --provider gemini it reads config.Evaluation, which its own tests see to
	}
}

// commands are all commands by their words after "echosynch"; the root has none.
func commands() map[string]*cobra.Command {
	all := map[string]*cobra.Command{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		all[strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "echosynch"), " ")] = c
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(rootCommand(&surroundings{}))
	return all
}

func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	all := commands()
	for words := range leaves() {
		if all[words] == nil {
			t.Errorf("no command %q", words)
		}
	}
	for words, c := range all {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			need, leaf := leaves()[words]
			if !leaf && !c.HasSubCommands() && c.Name() != "help" {
				t.Fatal("what does this command read? Tell this test")
			}
			for _, args := range [][]string{append(strings.Fields(words), "--help"), append(strings.Fields(words), "-h"), append([]string{"help"}, strings.Fields(words)...)} {
				got := execute(t.Context(), nil, args...)
				if got.code != 0 || got.errOut != "" {
					t.Errorf("%v: exit code %d, %q", args, got.code, got.errOut)
				}
				if does := strings.TrimSpace(cmp.Or(c.Long, c.Short)); does == "" || !strings.HasPrefix(got.out, does) || !strings.Contains(got.out, "Usage:") {
					t.Errorf("%v does not say what it does:\n%s", args, got.out)
				}
				for _, below := range c.Commands() {
					if !strings.Contains(got.out, below.Name()+" ") || !strings.Contains(got.out, below.Short) {
						t.Errorf("%v does not name %s", args, below.Name())
					}
				}
				for _, v := range config.Variables(need) {
					if !strings.Contains(got.out, "\n  "+v.Name+" ") || !strings.Contains(got.out, v.Purpose) {
						t.Errorf("%v does not say that it reads %s", args, v.Name)
					}
				}
			}
		})
	}
}

func TestGroupsAloneAreHelp(t *testing.T) {
	t.Parallel()
	for words, c := range commands() {
		if !c.HasSubCommands() {
			continue
		}
		got, help := execute(t.Context(), nil, strings.Fields(words)...), execute(t.Context(), nil, append(strings.Fields(words), "--help")...)
		if got != help {
			t.Errorf("%q: %+v, with --help %+v", words, got, help)
		}
	}
}

// Words that are off are told from an environment that is off: nothing is looked at before the words are right.
func TestBadUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, says, see string }{
		{"tickets", `has no command "tickets"`, "echosynch"},
		{"agent dismiss", `has no command "dismiss"`, "echosynch agent"},
		{"help tickets", `has no command "tickets"`, "echosynch help"},
		{"help agent dismiss", `has no command "dismiss"`, "echosynch help"},
		{"--verbose", "unknown flag: --verbose", "echosynch"},
		{"api --port=80", "unknown flag: --port", "echosynch api"},
		{"agent list T0ACME --admin", "unknown flag: --admin", "echosynch agent list"},
		{"agent add T0ACME U0DANA --admin=perhaps", `invalid argument "perhaps" for "--admin"`, "echosynch agent add"},
		{"agent add T0ACME U0DANA -x", "unknown shorthand flag: 'x'", "echosynch agent add"},

		{"api now", "takes no arguments, not 1", "echosynch api"},
		{"worker requests", "takes no arguments, not 1", "echosynch worker"},
		{"migrate up twice", "takes no arguments, not 2", "echosynch migrate"},
		{"manifest https://help.example.com", "takes no arguments, not 1", "echosynch manifest"},
		{"agent add", "takes the arguments TEAM USER, not 0", "echosynch agent add"},
		{"agent add T0ACME", "takes the arguments TEAM USER, not 1", "echosynch agent add"},
		{"agent add T0ACME U0DANA admin", "takes the arguments TEAM USER, not 3", "echosynch agent add"},
		{"agent remove T0ACME", "takes the arguments TEAM USER, not 1", "echosynch agent remove"},
		{"agent list", "takes the arguments TEAM, not 0", "echosynch agent list"},
		{"workspace staff-channel T0ACME", "takes the arguments TEAM CHANNEL, not 1", "echosynch workspace staff-channel"},
		{"channel allow-bot T0ACME C0ITHELP", "takes the arguments TEAM CHANNEL BOT, not 2", "echosynch channel allow-bot"},
		{"channel allow-external T0ACME", "takes the arguments TEAM CHANNEL, not 1", "echosynch channel allow-external"},

		{"agent list acme", `"acme" is no Slack team id (they begin with T)`, "echosynch agent list"},
		{"agent list t0acme", `"t0acme" is no Slack team id (they begin with T)`, "echosynch agent list"},
		{"agent list T", `"T" is no Slack team id (they begin with T)`, "echosynch agent list"},
		{"agent list T0ACME;", `"T0ACME;" is no Slack team id (they begin with T)`, "echosynch agent list"},
		{"agent add U0DANA U0DANA", `"U0DANA" is no Slack team id (they begin with T)`, "echosynch agent add"},
		{"agent add T0ACME @dana", `"@dana" is no Slack user id (they begin with U or W)`, "echosynch agent add"},
		{"agent add T0ACME T0ACME", `"T0ACME" is no Slack user id (they begin with U or W)`, "echosynch agent add"},
		{"workspace purge", "takes the arguments TEAM, not 0", "echosynch workspace purge"},
		{"workspace purge acme", `"acme" is no Slack team id (they begin with T)`, "echosynch workspace purge"},
		{"workspace purges T0ACME", "takes no arguments, not 1", "echosynch workspace purges"},
		{"request show T0ACME one", `"one" is no number of a request`, "echosynch request show"},
		{"request duplicate T0ACME 7", "takes the arguments TEAM NUMBER OF, not 2", "echosynch request duplicate"},
		{"request duplicate T0ACME 7 six", `"six" is no number of a request`, "echosynch request duplicate"},
		{"retention set T0ACME", "takes the arguments TEAM DAYS, not 1", "echosynch retention set"},
		{"retention set T0ACME 0", `"0" is no number of days from 1 to 365`, "echosynch retention set"},
		{"retention preview T0ACME 366", `"366" is no number of days from 1 to 365`, "echosynch retention preview"},
		{"retention set T0ACME week", `"week" is no number of days from 1 to 365`, "echosynch retention set"},
		{"keys status T0ACME", "takes no arguments, not 1", "echosynch keys status"},
		{"keys status --workspace acme", `"acme" is neither the id of a workspace nor of a Slack team`, "echosynch keys status"},
		{"keys rotate", "needs either --workspace or --all", "echosynch keys rotate"},
		{"keys rotate --all --workspace T0ACME", "needs either --workspace or --all", "echosynch keys rotate"},
		{"keys rotate --workspace 019f-0000", `"019f-0000" is neither the id of a workspace nor of a Slack team`, "echosynch keys rotate"},
		{"keys rotate --workspace T0ACME --older-than soon", `invalid argument "soon" for "--older-than"`, "echosynch keys rotate"},
		{"keys rotate --all --older-than -1h", "--older-than is a time from 0 on, not -1h0m0s", "echosynch keys rotate"},
		{"keys rewrap --all", "unknown flag: --all", "echosynch keys rewrap"},
		{"agent remove T0ACME dana", `"dana" is no Slack user id (they begin with U or W)`, "echosynch agent remove"},
		{"workspace staff-channel T0ACME #it-staff", `"#it-staff" is no Slack channel id (they begin with C or G)`, "echosynch workspace staff-channel"},
		{"channel allow-bot T0ACME it-help B0DEPLOY", `"it-help" is no Slack channel id (they begin with C or G)`, "echosynch channel allow-bot"},
		{"channel allow-bot T0ACME C0ITHELP U0DANA", `"U0DANA" is no Slack bot id (they begin with B)`, "echosynch channel allow-bot"},
		{"channel allow-external T0ACME D0DANA", `"D0DANA" is no Slack channel id (they begin with C or G)`, "echosynch channel allow-external"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			got := execute(t.Context(), nil, strings.Fields(test.args)...)
			if got.code != exitUsage || got.out != "" {
				t.Errorf("exit code %d, on standard output %q", got.code, got.out)
			}
			if !strings.HasPrefix(got.errOut, test.see+": "+test.says) || !strings.HasSuffix(got.errOut, "; see '"+test.see+" --help'\n") ||
				strings.Count(got.errOut, "\n") != 1 {
				t.Errorf("on standard error %q", got.errOut)
			}
		})
	}
}

func TestEmptyArgumentIsNoID(t *testing.T) {
	t.Parallel()
	if got := execute(t.Context(), nil, "agent", "list", ""); got.code != exitUsage || !strings.Contains(got.errOut, `"" is no Slack team id`) {
		t.Errorf("%+v", got)
	}
}

// Everything that is wrong is said at once, by name, and nothing of a value is shown.
func TestWrongConfiguration(t *testing.T) {
	t.Parallel()
	const marker = "s3cr3t"
	wrong := environ{
		"ECHO_ENV": "staging", "LOG_LEVEL": "chatty", "PUBLIC_URL": "help.example.com/" + marker, "LISTEN_ADDR": "here", "ADMIN_LISTEN_ADDR": "there",
		"DATABASE_URL": "postgres//app:" + marker + "@db/main", "DATABASE_ADMIN_URL": "mysql://owner:" + marker + "@db/main",
		"KEYSTORE_URL": "postgres://app:" + marker + "@/%zz", "KEYSTORE_ADMIN_URL": "app:" + marker,
		"TEMPORAL_ADDRESS": "temporal", "SLACK_SIGNING_SECRET": marker + ",,",
		"SLACK_API_URL": "slack:" + marker, "TRIAGE_PROVIDER": "oracle", "GEMINI_BASE_URL": "https://" + marker + "@gemini.example.com",
	}
	flags := map[string]string{ // without which nothing is read
		"keys rotate": "--all", "workspace ai-budget": "--tokens 1", "labels import": "--starter small", "byom remove": "--then lexical",
		"byom set": "--project acme-own-ai --location eu --model m --grant",
	}
	for words, need := range leaves() {
		if need == 0 { // it reads no configuration
			continue
		}
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(words)
			for _, name := range strings.Fields(commands()[words].Use)[1:] {
				if strings.HasPrefix(name, "[") { // may be left out
					continue
				}
				args = append(args, map[string]string{"TEAM": "T0ACME", "USER": "U0DANA", "CHANNEL": "C0ITHELP", "BOT": "B0DEPLOY", "DAYS": "7", "NUMBER": "2", "OF": "1", "SWITCH": "on", "PROVIDER": "lexical"}[name])
			}
			args = append(args, strings.Fields(flags[words])...)
			for name, e := range map[string]environ{"nothing is set": {}, "all is wrong": wrong} {
				got := execute(t.Context(), e, args...)
				if got.code != exitFailed || got.out != "" {
					t.Errorf("%s: exit code %d, on standard output %q", name, got.code, got.out)
				}
				if strings.Contains(got.errOut, marker) {
					t.Errorf("%s: a value is shown: %s", name, got.errOut)
				}
				if !strings.HasPrefix(got.errOut, "echosynch "+words+": these settings are missing or wrong:\n") {
					t.Errorf("%s: %s", name, got.errOut)
				}
				for _, v := range config.Variables(need) {
					broken := e[v.Name] != "" || v.RequiredBy&need != 0
					if named := strings.Contains(got.errOut, "\n"+v.Name+": "); named != broken {
						t.Errorf("%s: names %s: %v, want %v", name, v.Name, named, broken)
					}
				}
			}
		})
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	got := execute(t.Context(), environ{"PUBLIC_URL": "https://help.example.com/"}, "manifest")
	if got.code != 0 || got.errOut != "" {
		t.Fatalf("exit code %d: %s", got.code, got.errOut)
	}
	var manifest slackapi.Manifest
	decoder := json.NewDecoder(strings.NewReader(got.out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&manifest); err != nil || decoder.More() {
		t.Fatalf("not JSON alone: %v\n%s", err, got.out)
	}
	if !reflect.DeepEqual(manifest, slackapi.NewManifest("https://help.example.com")) {
		t.Errorf("got %+v", manifest)
	}
	if want := []string{"https://help.example.com/slack/oauth/callback"}; !slices.Equal(manifest.OAuth.RedirectURLs, want) {
		t.Errorf("redirects to %q, want %q", manifest.OAuth.RedirectURLs, want)
	}
}
