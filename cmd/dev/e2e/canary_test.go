package e2e_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slacksim"
)

// The canary's own words. Its names are known to its rows alone; its text and token to nobody.
const (
	canaryName  = "0CANARY" // in every name of it
	canaryText  = "Himatsukipta"
	canaryToken = "xoxb-Pheneas-Erythrorhyncha"
)

// canary is a workspace that lives beside Acme during all stories, with a request of its own. Nothing of it may be seen
// anywhere else, and nothing of what happens to Acme, deaths of processes and purges included, may change it.
type canary struct {
	id    helpdesk.WorkspaceID
	rows  map[string]int
	heard int // lines of the recording when it was complete
}

// hatch installs the canary and lets a message of it become a request, as real as any.
func hatch(ctx context.Context) (*canary, error) {
	c := new(canary)
	if err := c.install(ctx); err != nil {
		return nil, fmt.Errorf("install the canary: %w", err)
	}
	ts := fmt.Sprintf("%d.000042", time.Now().Unix())
	body, err := json.Marshal(map[string]any{
		"type": "event_callback", "event_id": "Ev" + canaryName, "team_id": "T" + canaryName, "api_app_id": "A0ECHO", "event_time": time.Now().Unix(),
		"authorizations": []any{map[string]any{"team_id": "T" + canaryName, "user_id": "UBOT" + canaryName, "is_bot": true}},
		"event": map[string]any{
			"type": "message", "channel": "C" + canaryName, "channel_type": "channel", "user": "U" + canaryName, "text": "VPN drops near " + canaryText, "ts": ts, "event_ts": ts,
		},
	})
	if err != nil {
		return nil, err
	}
	if status, err := running.Deliver(ctx, "/slack/events", body, running.Info.SlackSigningSecret); err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("message of the canary: status %d, %w", status, err)
	}
	if !until(30*time.Second, func() bool {
		n, err := scan[int](ctx, running.Info.DatabaseAdminURL, `
			select count(*) from tenant.request r join system.inbox i using (workspace_id)
			where workspace_id = $1 and receipt_ts <> '' and receipt_version = version and summary is not null and i.done_at is not null`, c.id)
		return err == nil && n == 1
	}) {
		return nil, errors.New("the canary has no receipt")
	}
	if !until(30*time.Second, func() bool { // until nothing of it moves
		before := c.rows
		c.rows, err = c.own(ctx)
		return err == nil && maps.Equal(before, c.rows)
	}) {
		return nil, fmt.Errorf("the canary does not come to rest: %w", err)
	}
	c.heard = len(recorded.lines())
	return c, nil
}

func (c *canary) install(ctx context.Context) (err error) {
	c.id, err = running.Settle(ctx, slacksim.Neighbour{Team: "T" + canaryName, Bot: "UBOT" + canaryName, Channel: "C" + canaryName, Token: canaryToken},
		"UALEX"+canaryName, func(ctx context.Context, tx *postgres.Tx, channel helpdesk.ChannelID) error {
			return errors.Join(
				tx.AllowBot(ctx, channel, "B"+canaryName, true),
				tx.Audit(ctx, helpdesk.AuditEntry{At: time.Now(), Actor: "slack:UALEX" + canaryName, Action: helpdesk.AuditRole, Object: "U" + canaryName}))
		})
	return err
}

// own are the canary's rows in both stores, each with how often it is there.
func (c *canary) own(ctx context.Context) (map[string]int, error) {
	rows := map[string]int{}
	for _, admin := range []string{running.Info.DatabaseAdminURL, running.Info.KeystoreAdminURL} {
		tables, err := column1(ctx, admin, `
			select format('%I.%I', table_schema, table_name) from information_schema.columns
			where column_name = 'workspace_id' and table_schema in ('tenant', 'system', 'keystore')`)
		if err != nil {
			return nil, err
		}
		var parts []string
		for _, table := range tables {
			parts = append(parts, fmt.Sprintf(`select '%[1]s ' || to_jsonb(t)::text from %[1]s t where workspace_id = '%[2]s'`, table, c.id))
		}
		found, err := column1(ctx, admin, strings.Join(parts, " union all "))
		if err != nil {
			return nil, err
		}
		for _, row := range found {
			rows[row]++
		}
	}
	return rows, nil
}

// changed tells which of its rows are not what they were.
func (c *canary) changed(ctx context.Context) (problems []string) {
	own, err := c.own(ctx)
	if err != nil {
		return []string{"canary: " + err.Error()}
	}
	for row, n := range c.rows {
		if own[row] != n {
			problems = append(problems, "canary: was, and is not: "+row)
		}
	}
	for row, n := range own {
		if c.rows[row] != n {
			problems = append(problems, "canary: is, and was not: "+row)
		}
	}
	return problems
}

// problems tells what has become of the canary, and where it was seen.
func (c *canary) problems(ctx context.Context) []string {
	problems := c.changed(ctx)
	problem := func(format string, args ...any) { problems = append(problems, "canary: "+fmt.Sprintf(format, args...)) }
	for _, admin := range []string{running.Info.DatabaseAdminURL, running.Info.KeystoreAdminURL} {
		found, err := c.inRows(ctx, admin)
		if err != nil {
			problem("%v", err)
		}
		for _, where := range found {
			problem("seen in %s", where)
		}
	}
	for _, dir := range running.DataDirs {
		for _, needle := range inside(dir, canaryText, canaryToken) {
			problem("%s is in the clusters' files", needle)
		}
	}
	files, err := filepath.Glob(filepath.Join(running.Dir, "*.log"))
	if err != nil || len(files) == 0 {
		problem("logs: %v, %v", files, err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			problem("%v", err)
		}
		if needle := betrays(string(raw)); needle != "" {
			problem("%s is in %s", needle, filepath.Base(file))
		}
	}
	for _, address := range append(running.Metrics(), running.Info.Slack+"/sim/state") {
		raw, err := read(ctx, address)
		if err != nil {
			problem("%v", err)
		}
		if needle := betrays(string(raw)); needle != "" {
			problem("%s is at %s", needle, address)
		}
	}
	for n, line := range recorded.lines() {
		if n < c.heard || betrays(line) == "" || line == "received token="+canaryToken { // the probe shows Slack what is Slack's
			continue
		}
		// What Slack answers about the canary to itself: the daily comparison and the probe ask.
		asked := strings.HasPrefix(line, "answered ") && (strings.Contains(line, `"auth"`) || strings.Contains(line, `team_id":"T`+canaryName+`"`))
		if !asked || strings.Contains(line, canaryText) || strings.Contains(line, "T0ACME") {
			problem("it was spoken of: %.300s", line)
		}
	}
	return problems
}

// betrays is what of the canary a text holds; "" where it holds nothing.
func betrays(text string) string {
	for _, needle := range []string{canaryText, canaryToken, canaryName} {
		if strings.Contains(text, needle) {
			return needle
		}
	}
	return ""
}

// inRows looks through every row of every database of a cluster: names may stand in the canary's own rows, text and token
// in none.
func (c *canary) inRows(ctx context.Context, admin string) (found []string, err error) {
	databases, err := column1(ctx, admin, `select datname from pg_database where not datistemplate`)
	if err != nil {
		return nil, err
	}
	for _, database := range databases {
		u, err := url.Parse(admin)
		if err != nil {
			return nil, errors.New("the admin address is not a postgres:// address")
		}
		u.Path = "/" + database
		tables, err := column1(ctx, u.String(), `
			select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)
		if err != nil {
			return nil, err
		}
		owned, err := column1(ctx, u.String(), `select format('%I.%I', table_schema, table_name) from information_schema.columns where column_name = 'workspace_id'`)
		if err != nil {
			return nil, err
		}
		var parts []string // of one statement: a connection for each table takes longer than the look
		for _, table := range tables {
			others := ""
			if slices.Contains(owned, table) {
				others = fmt.Sprintf(` and t.workspace_id is distinct from '%s'`, c.id)
			}
			parts = append(parts, fmt.Sprintf(`
				select '%[1]s of %[2]s' where exists (select from %[1]s t where t::text ~ '%[3]s'%[4]s) or exists (select from %[1]s t where t::text ~ '%[5]s')`,
				table, database, canaryName+"|"+hex.EncodeToString([]byte(canaryName)), others,
				strings.Join([]string{canaryText, canaryToken, hex.EncodeToString([]byte(canaryText)), hex.EncodeToString([]byte(canaryToken))}, "|")))
		}
		if len(parts) == 0 {
			continue
		}
		hits, err := column1(ctx, u.String(), strings.Join(parts, " union all "))
		if err != nil {
			return nil, err
		}
		found = append(found, hits...)
	}
	return found, nil
}

// inside tells which needles the files below a directory hold.
func inside(dir string, needles ...string) (found []string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a file that Postgres has removed meanwhile
		}
		raw, err := os.ReadFile(path)
		for _, needle := range needles {
			if err == nil && bytes.Contains(raw, []byte(needle)) {
				found = append(found, needle)
			}
		}
		return nil
	})
	return found
}

func read(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, response.Status)
	}
	return io.ReadAll(response.Body)
}

// scan reads one value, column1 the first column, as the administrator.
func scan[T any](ctx context.Context, address, sql string, args ...any) (v T, err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return v, err
	}
	defer conn.Close(ctx)
	return v, conn.QueryRow(ctx, sql, args...).Scan(&v)
}

func column1(ctx context.Context, address, sql string) ([]string, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// What is asked of the canary after all stories is asked here as well, and again with faults that it must notice. Its text is
// not planted: it would stay in the clusters' files.
func TestTheCanaryIsAlone(t *testing.T) {
	for _, problem := range living.problems(t.Context()) {
		t.Error(problem)
	}
	seen := func(ctx context.Context) []string {
		found, err := living.inRows(ctx, running.Info.DatabaseAdminURL)
		if err != nil {
			t.Error(err)
		}
		return found
	}
	for _, fault := range []struct {
		do, undo string
		notices  func(context.Context) []string
	}{
		{
			`update tenant.agent set added_at = added_at + interval '1 second' where slack_user = 'UALEX0CANARY' returning 1`,
			`update tenant.agent set added_at = added_at - interval '1 second' where slack_user = 'UALEX0CANARY' returning 1`, living.changed,
		},
		{
			`insert into system.oauth_state values (convert_to('` + canaryName + `', 'UTF8'), now() + interval '1 hour') returning 1`,
			`delete from system.oauth_state where hash = convert_to('` + canaryName + `', 'UTF8') returning 1`, seen,
		},
		{
			`update tenant.agent set slack_user = 'UDANA0CANARY' where slack_user = 'U0DANA' returning 1`,
			`update tenant.agent set slack_user = 'U0DANA' where slack_user = 'UDANA0CANARY' returning 1`, seen,
		},
	} {
		query[int](t, fault.do)
		noticed := fault.notices(t.Context())
		query[int](t, fault.undo)
		if len(noticed) == 0 {
			t.Errorf("not noticed: %s", fault.do)
		}
	}
}
