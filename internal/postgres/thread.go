package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// Hear records a message in the thread of a request, in whatever order messages come, and returns the request as it
// then is. The row stays locked until the transaction ends: whoever records the workflow's state afterwards reads what
// was heard, and whoever did before is read here.
func (tx *Tx) Hear(ctx context.Context, id helpdesk.RequestID, reply helpdesk.Reply, agent bool) (helpdesk.Request, error) {
	set := `others = true`
	args := []any{tx.workspace, id}
	switch {
	case reply.Requester:
		set = `requester_at = greatest(requester_at, $3),
		       asked_at = case when $4 then asked_at else greatest(asked_at, $3) end`
		args = append(args, reply.At, reply.Thanks)
	case agent:
		set = `others = true, agent_at = least(agent_at, $3),
		       agent_by = case when agent_at is null or $3 < agent_at then $4 else agent_by end`
		args = append(args, reply.At, reply.User)
	}
	if _, err := tx.tx.Exec(ctx, `update tenant.request set `+set+` where workspace_id = $1 and request_id = $2`, args...); err != nil {
		return helpdesk.Request{}, fmt.Errorf("record reply to request %s: %w", id, err)
	}
	return tx.Request(ctx, id)
}

// ClaimEdit notes that a request is to get the text of this edit, and reports whether it is the newest; the same edit may come
// again.
func (tx *Tx) ClaimEdit(ctx context.Context, id helpdesk.RequestID, editedTS string) (newest bool, err error) {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.request set edited_ts = $3
		where workspace_id = $1 and request_id = $2 and (edited_ts = '' or edited_ts::numeric <= $3::numeric)`,
		tx.workspace, id, editedTS)
	if err != nil {
		return false, fmt.Errorf("claim edit of request %s: %w", id, err)
	}
	return tag.RowsAffected() == 1, nil
}

// ReplaceText replaces the text of a request by that of an edit. It reports false, changing nothing, where a newer edit was
// claimed since or the text is gone.
func (tx *Tx) ReplaceText(ctx context.Context, id helpdesk.RequestID, editedTS string, text []byte, key seal.Key) (bool, error) {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.request_text t set sealed = $4, sketch = null from tenant.request r
		where t.workspace_id = $1 and t.request_id = $2 and r.workspace_id = $1 and r.request_id = $2 and r.edited_ts = $3`,
		tx.workspace, id, editedTS, key.Seal(text, tx.requestAD(id, "text")))
	if err != nil {
		return false, fmt.Errorf("replace text of request %s: %w", id, err)
	}
	return tag.RowsAffected() == 1, nil
}

// tombstoneLife is how long a deleted message is remembered; no delivery is later than that.
const tombstoneLife = 7 * 24 * time.Hour

// Bury returns the request that a deleted message has opened. Where it has opened none, [helpdesk.ErrNotFound], it is
// remembered, so that it opens none; those of a week ago are forgotten.
func (tx *Tx) Bury(ctx context.Context, channel helpdesk.ChannelID, ts string, now time.Time) (helpdesk.RequestID, error) {
	// Whoever opens a request locks this row first.
	if _, err := tx.tx.Exec(ctx, `select from tenant.workspace where workspace_id = $1 for update`, tx.workspace); err != nil {
		return helpdesk.RequestID{}, fmt.Errorf("remember deleted message: %w", err)
	}
	id, _, err := tx.RequestByOrigin(ctx, channel, ts)
	if !errors.Is(err, helpdesk.ErrNotFound) {
		return id, err
	}
	if _, err := tx.tx.Exec(ctx, `
		insert into tenant.tombstone (workspace_id, channel_id, origin_ts, at) values ($1, $2, $3, $4)
		on conflict do nothing`, tx.workspace, channel, ts, now); err != nil {
		return id, fmt.Errorf("remember deleted message: %w", err)
	}
	if _, err := tx.tx.Exec(ctx, `delete from tenant.tombstone where workspace_id = $1 and at < $2`,
		tx.workspace, now.Add(-tombstoneLife)); err != nil {
		return id, fmt.Errorf("forget deleted messages: %w", err)
	}
	return id, err
}

// buried reports whether a message was deleted before it opened a request.
func (tx *Tx) buried(ctx context.Context, channel helpdesk.ChannelID, ts string) (bool, error) {
	var buried bool
	err := tx.tx.QueryRow(ctx, `
		select exists (select from tenant.tombstone where workspace_id = $1 and channel_id = $2 and origin_ts = $3)`,
		tx.workspace, channel, ts).Scan(&buried)
	if err != nil {
		return false, fmt.Errorf("look for deleted message: %w", err)
	}
	return buried, nil
}

// Role is what a person may do; "" where they are no agent.
func (tx *Tx) Role(ctx context.Context, user string) (helpdesk.Role, error) {
	var role helpdesk.Role
	err := tx.tx.QueryRow(ctx, `select role from tenant.agent where workspace_id = $1 and slack_user = $2`, tx.workspace, user).Scan(&role)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("load role: %w", err)
	}
	return role, nil
}
