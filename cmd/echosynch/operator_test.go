package main

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// address is a test database as the environment names it: with a host, which its socket overrides.
func address(url secret.Value) string { return strings.Replace(url.Reveal(), "@/", "@localhost/", 1) }

// bundle is a database with the workspace of team T0ACME, whose admin is Alex and whose channel is #it-help.
type bundle struct {
	environ
	store     *postgres.Store
	workspace helpdesk.WorkspaceID
}

func setup(t *testing.T) *bundle {
	t.Helper()
	url, _ := postgrestest.Main(t)
	store, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	b := &bundle{
		environ: environ{"ECHO_ENV": "selfhost", "DATABASE_URL": address(url)}, store: store,
		workspace: helpdesk.NewWorkspaceID(time.Now()),
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		err := tx.Install(ctx, helpdesk.Workspace{
			Team: "T0ACME", AppID: "A1", BotUser: "U0BOT", Installer: "U0ALEX", Scopes: []string{"chat:write"},
			AuthorizedAt: time.Now(), Settings: helpdesk.DefaultSettings("UTC"),
		}, []byte("wrapped"), seal.NewKey())
		if err != nil {
			return err
		}
		if _, err := tx.Point(ctx, "T0ACME", time.Now()); err != nil {
			return err
		}
		_, err = tx.JoinChannel(ctx, "C0ITHELP", time.Now())
		return err
	})
	return b
}

func (b *bundle) in(t *testing.T, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := b.store.InWorkspace(t.Context(), b.workspace, func(tx *postgres.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// does runs a command that succeeds in silence, or prints what is wanted.
func (b *bundle) does(t *testing.T, line, want string) {
	t.Helper()
	note := ""
	if strings.HasPrefix(line, "agent add") { // without the key store it cannot ask Slack, and says so
		note = "not asked Slack whether this person can be an agent: KEYSTORE_URL, or LOCAL_KMS_KEY_FILE and KMS_KEY_ID, is not set\n"
	}
	if got := execute(t.Context(), b.environ, strings.Fields(line)...); got != (result{0, want, note}) {
		t.Errorf("%s: %+v\nwant standard output %q", line, got, want)
	}
}

// fails runs a command that fails, saying why.
func (b *bundle) fails(t *testing.T, line, why string) {
	t.Helper()
	if got := execute(t.Context(), b.environ, strings.Fields(line)...); got != (result{exitFailed, "", why + "\n"}) {
		t.Errorf("%s: %+v\nwant standard error %q", line, got, why)
	}
}

func TestAgents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.does(t, "agent list T0ACME", "USER    ROLE\nU0ALEX  admin\n")
	b.does(t, "agent add T0ACME U0RITA", "")
	b.does(t, "agent add T0ACME U0DANA --admin", "")
	b.does(t, "agent add T0ACME W0SAM", "")
	const all = "USER    ROLE\nU0ALEX  admin\nU0DANA  admin\nU0RITA  agent\nW0SAM   agent\n"
	b.does(t, "agent list T0ACME", all)

	b.does(t, "agent add T0ACME U0RITA", "") // again
	b.does(t, "agent add T0ACME U0DANA", "") // an admin is an agent already
	b.does(t, "agent list T0ACME", all)
	b.does(t, "agent add T0ACME U0RITA --admin", "")
	b.does(t, "agent list T0ACME", strings.Replace(all, "U0RITA  agent", "U0RITA  admin", 1))

	b.does(t, "agent remove T0ACME U0RITA", "")
	b.does(t, "agent remove T0ACME U0DANA", "")
	b.does(t, "agent list T0ACME", "USER    ROLE\nU0ALEX  admin\nW0SAM   agent\n")
	const nobody = "echosynch agent remove: U0RITA has no role in team T0ACME; who has one: echosynch agent list T0ACME"
	b.fails(t, "agent remove T0ACME U0RITA", nobody)
	b.fails(t, "agent remove T0ACME U0RITA", nobody)
	b.does(t, "agent list T0ACME", "USER    ROLE\nU0ALEX  admin\nW0SAM   agent\n")
}

func TestChannels(t *testing.T) {
	t.Parallel()
	b := setup(t)
	channel := func() (c helpdesk.Channel, bot bool) {
		b.in(t, func(ctx context.Context, tx *postgres.Tx) (err error) {
			if c, err = tx.ChannelBySlackID(ctx, "C0ITHELP"); err != nil {
				return err
			}
			bot, err = tx.BotAllowed(ctx, c.ID, "B0DEPLOY")
			return err
		})
		return c, bot
	}
	b.does(t, "channel allow-bot T0ACME C0ITHELP B0DEPLOY", "")
	b.does(t, "channel allow-external T0ACME C0ITHELP", "")
	if c, bot := channel(); !bot || !c.AllowExternal {
		t.Errorf("after allowing: bot %v, channel %+v", bot, c)
	}
	b.does(t, "channel allow-bot T0ACME C0ITHELP B0DEPLOY --deny", "")
	b.does(t, "channel allow-external T0ACME C0ITHELP --deny", "")
	if c, bot := channel(); bot || c.AllowExternal {
		t.Errorf("after denying: bot %v, channel %+v", bot, c)
	}
	b.fails(t, "channel allow-bot T0ACME C0OTHER B0DEPLOY", "echosynch channel allow-bot: the app was never invited to channel C0OTHER")
	b.fails(t, "channel allow-external T0ACME C0OTHER", "echosynch channel allow-external: the app was never invited to channel C0OTHER")
}

func TestStaffChannel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	staff := func() (id string) {
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			w, err := tx.Workspace(ctx)
			id = w.StaffChannel
			return err
		})
		return id
	}
	b.does(t, "workspace staff-channel T0ACME G0ITSTAFF", "")
	if got := staff(); got != "G0ITSTAFF" {
		t.Errorf("staff channel %q", got)
	}
	b.does(t, "workspace staff-channel T0ACME none", "")
	if got := staff(); got != "" {
		t.Errorf("staff channel %q, want none", got)
	}
}

func TestUnknownTeam(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, line := range []string{
		"agent list T0OTHER", "agent add T0OTHER U0DANA", "agent remove T0OTHER U0ALEX", "workspace staff-channel T0OTHER C0ITSTAFF",
		"channel allow-bot T0OTHER C0ITHELP B0DEPLOY", "channel allow-external T0OTHER C0ITHELP",
	} {
		words := strings.Join(strings.Fields(line)[:2], " ")
		b.fails(t, line, "echosynch "+words+": team T0OTHER has no installed workspace; install it at PUBLIC_URL/slack/install")
	}
	b.does(t, "agent list T0ACME", "USER    ROLE\nU0ALEX  admin\n")
}

func TestOperatorNeedsTheApplicationsRole(t *testing.T) {
	t.Parallel()
	_, admin := postgrestest.Main(t)
	got := execute(t.Context(), environ{"ECHO_ENV": "selfhost", "DATABASE_URL": address(admin)}, "agent", "list", "T0ACME")
	if got.code != exitFailed || got.out != "" || !strings.Contains(got.errOut, postgres.ErrRole.Error()) {
		t.Errorf("%+v", got)
	}
}

// The driver's errors quote what they were given; of that no password may pass.
func TestDatabaseThatIsDown(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "postgres://app:s3cr3t@" + closed.Addr().String() + "/main"
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"agent", "list", "T0ACME"}, {"migrate"}} {
		got := execute(t.Context(), environ{"ECHO_ENV": "selfhost", "DATABASE_URL": url, "DATABASE_ADMIN_URL": url, "KEYSTORE_ADMIN_URL": url}, args...)
		if got.code != exitFailed || got.out != "" || !strings.HasPrefix(got.errOut, "echosynch ") || strings.Contains(got.errOut, "s3cr3t") {
			t.Errorf("%v: %+v", args, got)
		}
	}
}
