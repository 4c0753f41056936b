package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// CredentialContext is the context in which a key wrapper encrypts a customer's credential for its own model.
func CredentialContext(id helpdesk.WorkspaceID) seal.Context {
	return seal.Context{Purpose: "byom-credential", Workspace: id.String()}
}

func (tx *Tx) credentialAD() seal.AD {
	return seal.AD{Workspace: tx.workspace.String(), Table: "byom", Column: "credential", Row: tx.workspace.String()}
}

// SetProvider changes whose model reads the messages, and returns the number of the choice.
func (tx *Tx) SetProvider(ctx context.Context, p helpdesk.ModelProvider) (version int64, err error) {
	if err := tx.setSetting(ctx, "provider", p); err != nil {
		return 0, err
	}
	err = tx.tx.QueryRow(ctx, `
		update tenant.workspace set provider_version = provider_version + 1 where workspace_id = $1 returning provider_version`, tx.workspace).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("count choices of workspace %s: %w", tx.workspace, notFound(err))
	}
	return version, nil
}

// ProviderVersion is the number of the last choice; zero where none was made.
func (tx *Tx) ProviderVersion(ctx context.Context) (version int64, err error) {
	err = tx.tx.QueryRow(ctx, `select provider_version from tenant.workspace where workspace_id = $1`, tx.workspace).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("load provider version of workspace %s: %w", tx.workspace, notFound(err))
	}
	return version, nil
}

// DistrustProvider lets no model read the messages, and destroys what is held of a customer's own, where the last choice is
// older than the given one; it reports whether it was.
func (tx *Tx) DistrustProvider(ctx context.Context, version int64) (bool, error) {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.workspace set provider_version = $2 where workspace_id = $1 and provider_version < $2`, tx.workspace, version)
	if err != nil {
		return false, fmt.Errorf("distrust provider of workspace %s: %w", tx.workspace, err)
	}
	if tag.RowsAffected() == 0 {
		return false, nil
	}
	if _, err := tx.tx.Exec(ctx, `delete from tenant.byom where workspace_id = $1`, tx.workspace); err != nil {
		return false, fmt.Errorf("remove model of workspace %s: %w", tx.workspace, err)
	}
	return true, tx.setSetting(ctx, "provider", helpdesk.ProviderLexical)
}

// SetTokens changes how many tokens a day the workspace may use of our project.
func (tx *Tx) SetTokens(ctx context.Context, tokens int64) error {
	return tx.setSetting(ctx, "tokens", tokens)
}

// setSetting replaces one field of the settings document.
func (tx *Tx) setSetting(ctx context.Context, name string, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode setting %s: %w", name, err)
	}
	tag, err := tx.tx.Exec(ctx, `
		update tenant.workspace
		set settings = jsonb_set(settings, array[$2], $3::jsonb), settings_version = settings_version + 1
		where workspace_id = $1`, tx.workspace, name, string(raw))
	if err == nil && tag.RowsAffected() == 0 {
		err = helpdesk.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("set %s of workspace %s: %w", name, tx.workspace, err)
	}
	return nil
}

// SetBYOM stores a customer's own model under the next version, which ends a pause. credential is already encrypted by the key
// wrapper and sealed once more here; nil where the project grants our service account.
func (tx *Tx) SetBYOM(ctx context.Context, b helpdesk.BYOM, credential []byte, key seal.Key, now time.Time) error {
	var sealed []byte
	if credential != nil {
		sealed = key.Seal(credential, tx.credentialAD())
	}
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.byom as b (workspace_id, version, project, location, model, credential, set_at) values ($1, 1, $2, $3, $4, $5, $6)
		on conflict (workspace_id) do update
		set version = b.version + 1, project = $2, location = $3, model = $4, credential = $5, set_at = $6, paused_at = null, told_at = null
		where b.workspace_id = $1`, tx.workspace, b.Project, b.Location, b.Model, sealed, now)
	if err != nil {
		return fmt.Errorf("set model of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// BYOM is the customer's own model. [helpdesk.ErrNotFound] where there is none.
func (tx *Tx) BYOM(ctx context.Context) (b helpdesk.BYOM, err error) {
	err = tx.tx.QueryRow(ctx, `
		select version, project, location, model, credential is null, paused_at, told_at from tenant.byom where workspace_id = $1`, tx.workspace).
		Scan(&b.Version, &b.Project, &b.Location, &b.Model, &b.Granted, null(&b.PausedAt), null(&b.ToldAt))
	if err != nil {
		return b, fmt.Errorf("load model of workspace %s: %w", tx.workspace, notFound(err))
	}
	return b, nil
}

// Credential is the customer's credential as the key wrapper encrypted it; nil where there is none.
func (tx *Tx) Credential(ctx context.Context, key seal.Key) ([]byte, error) {
	var sealed []byte
	err := tx.tx.QueryRow(ctx, `select credential from tenant.byom where workspace_id = $1`, tx.workspace).Scan(&sealed)
	if err != nil {
		return nil, fmt.Errorf("load credential of workspace %s: %w", tx.workspace, notFound(err))
	}
	if sealed == nil {
		return nil, nil
	}
	credential, err := key.Open(sealed, tx.credentialAD())
	if err != nil {
		return nil, fmt.Errorf("open credential of workspace %s: %w", tx.workspace, err)
	}
	return credential, nil
}

// RewrapCredential replaces the credential, as the key wrapper encrypted it, by the same one encrypted anew. It reports false,
// changing nothing, where it is no longer from.
func (tx *Tx) RewrapCredential(ctx context.Context, key seal.Key, from, to []byte) (bool, error) {
	if _, err := tx.tx.Exec(ctx, `select from tenant.byom where workspace_id = $1 for update`, tx.workspace); err != nil {
		return false, fmt.Errorf("lock model of workspace %s: %w", tx.workspace, err)
	}
	credential, err := tx.Credential(ctx, key)
	if err != nil || !bytes.Equal(credential, from) {
		return false, err
	}
	_, err = tx.tx.Exec(ctx, `update tenant.byom set credential = $2 where workspace_id = $1`, tx.workspace, key.Seal(to, tx.credentialAD()))
	if err != nil {
		return false, fmt.Errorf("store credential of workspace %s: %w", tx.workspace, err)
	}
	return true, nil
}

// PauseBYOM records that the project refused the given version; a later one is not paused by it.
func (tx *Tx) PauseBYOM(ctx context.Context, version int64, at time.Time) error {
	_, err := tx.tx.Exec(ctx, `
		update tenant.byom set paused_at = $3, told_at = null where workspace_id = $1 and version = $2 and paused_at is null`, tx.workspace, version, at)
	if err != nil {
		return fmt.Errorf("pause model of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// ResumeBYOM ends a pause of the given version.
func (tx *Tx) ResumeBYOM(ctx context.Context, version int64) error {
	_, err := tx.tx.Exec(ctx, `
		update tenant.byom set paused_at = null, told_at = null where workspace_id = $1 and version = $2`, tx.workspace, version)
	if err != nil {
		return fmt.Errorf("resume model of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// MarkPauseTold records that the admins were told of the pause of the given version.
func (tx *Tx) MarkPauseTold(ctx context.Context, version int64, at time.Time) error {
	_, err := tx.tx.Exec(ctx, `
		update tenant.byom set told_at = $3 where workspace_id = $1 and version = $2 and paused_at is not null`, tx.workspace, version, at)
	if err != nil {
		return fmt.Errorf("mark pause of workspace %s told: %w", tx.workspace, err)
	}
	return nil
}

// RemoveBYOM destroys what is held of a customer's own model. [helpdesk.ErrNotFound] where there is nothing.
func (tx *Tx) RemoveBYOM(ctx context.Context) error {
	tag, err := tx.tx.Exec(ctx, `delete from tenant.byom where workspace_id = $1`, tx.workspace)
	if err == nil && tag.RowsAffected() == 0 {
		err = helpdesk.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("remove model of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// NoteModel records which model has just read a message, and returns the one before where it is another.
func (tx *Tx) NoteModel(ctx context.Context, with string) (before string, changed bool, err error) {
	err = tx.tx.QueryRow(ctx, `select triaged_with from tenant.workspace where workspace_id = $1`, tx.workspace).Scan(&before)
	if err != nil || before == with {
		return before, false, notFound(err)
	}
	tag, err := tx.tx.Exec(ctx, `update tenant.workspace set triaged_with = $2 where workspace_id = $1 and triaged_with = $3`, tx.workspace, with, before)
	if err != nil {
		return before, false, fmt.Errorf("note model of workspace %s: %w", tx.workspace, err)
	}
	return before, tag.RowsAffected() == 1, nil
}

// Spend adds one call of a model to the day's usage; own where it was the customer's.
func (tx *Tx) Spend(ctx context.Context, at time.Time, own bool, t helpdesk.Tokens) error {
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.model_usage as u (workspace_id, day, own, calls, input_tokens, output_tokens) values ($1, $2, $3, 1, $4, $5)
		on conflict (workspace_id, day, own) do update
		set calls = u.calls + 1, input_tokens = u.input_tokens + $4, output_tokens = u.output_tokens + $5
		where u.workspace_id = $1`, tx.workspace, at.UTC().Format(time.DateOnly), own, t.Input, t.Output)
	if err != nil {
		return fmt.Errorf("add model usage of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// Spent is how many tokens of our project the workspace has used on the UTC day of an instant.
func (tx *Tx) Spent(ctx context.Context, at time.Time) (tokens int64, err error) {
	err = tx.tx.QueryRow(ctx, `
		select coalesce(sum(input_tokens + output_tokens), 0)::bigint from tenant.model_usage where workspace_id = $1 and day = $2 and not own`,
		tx.workspace, at.UTC().Format(time.DateOnly)).Scan(&tokens)
	if err != nil {
		return 0, fmt.Errorf("load model usage of workspace %s: %w", tx.workspace, err)
	}
	return tokens, nil
}
