package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/provider"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// Keyholder carries out the commands on one workspace that need its keys: on its own model, and on texts.
type Keyholder struct {
	*Keys
	workspace helpdesk.WorkspaceID
	simulator string
}

// OpenKeyholder opens the workspace of a Slack team for the named account of this machine.
func OpenKeyholder(ctx context.Context, cfg config.Config, team, account string) (*Keyholder, error) {
	k, err := OpenKeys(ctx, cfg, account)
	if err != nil {
		return nil, err
	}
	id, err := k.Of(ctx, team)
	if err != nil {
		k.Close()
		return nil, err
	}
	return &Keyholder{Keys: k, workspace: id, simulator: cfg.Gemini.BaseURL}, nil
}

// verifyTime bounds a verification; somebody is waiting for it.
const verifyTime = 30 * time.Second

// SetModel verifies a customer's model and stores it; what does not answer is not stored. key is zero where the project grants our
// service account.
func (b *Keyholder) SetModel(ctx context.Context, m helpdesk.BYOM, key secret.Value) (gemini.Verified, error) {
	v, err := b.verify(ctx, m, func(context.Context) (secret.Value, error) { return key, nil })
	if err != nil {
		return v, err
	}
	workspaceKey, err := b.keys.WorkspaceKey(ctx, b.workspace)
	if err != nil {
		return v, err
	}
	var wrapped []byte
	if !key.IsZero() {
		if wrapped, err = b.wrapper.Wrap(ctx, postgres.CredentialContext(b.workspace), []byte(key.Reveal())); err != nil {
			return v, fmt.Errorf("encrypt credential of workspace %s: %w", b.workspace, err)
		}
	}
	return v, b.choose(ctx, helpdesk.ProviderBYOM, func(tx *postgres.Tx, now time.Time) error {
		return tx.SetBYOM(ctx, m, wrapped, workspaceKey, now)
	})
}

// VerifyModel asks the customer's model once more; where it answers, a pause ends.
func (b *Keyholder) VerifyModel(ctx context.Context) (gemini.Verified, error) {
	m, err := b.stored(ctx)
	if err != nil {
		return gemini.Verified{}, err
	}
	v, err := b.verify(ctx, m, b.credential)
	if err != nil {
		return v, err
	}
	return v, b.store.InWorkspace(ctx, b.workspace, func(tx *postgres.Tx) error { return tx.ResumeBYOM(ctx, m.Version) })
}

// RemoveModel destroys what is held of the customer's model; then says which provider follows.
func (b *Keyholder) RemoveModel(ctx context.Context, then helpdesk.ModelProvider) error {
	return b.choose(ctx, then, func(tx *postgres.Tx, _ time.Time) error { return tx.RemoveBYOM(ctx) })
}

// OpenModel opens the customer's model. [helpdesk.ErrNotFound] where there is none.
func (b *Keyholder) OpenModel(ctx context.Context) (*gemini.Provider, error) {
	m, err := b.stored(ctx)
	if err != nil {
		return nil, err
	}
	return provider.Own(ctx, provider.Wish{Workspace: b.workspace, BYOM: m, Key: b.credential}, b.simulator)
}

func (b *Keyholder) verify(ctx context.Context, m helpdesk.BYOM, key func(context.Context) (secret.Value, error)) (gemini.Verified, error) {
	model, err := provider.Own(ctx, provider.Wish{Workspace: b.workspace, BYOM: m, Key: key}, b.simulator)
	if err != nil {
		return gemini.Verified{}, err
	}
	defer model.Close()
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	return model.Verify(ctx)
}

func (b *Keyholder) stored(ctx context.Context) (m helpdesk.BYOM, err error) {
	err = b.store.InWorkspace(ctx, b.workspace, func(tx *postgres.Tx) error {
		m, err = tx.BYOM(ctx)
		return err
	})
	return m, err
}

// credential is the customer's key, decrypted; zero where the project grants our service account.
func (b *Keyholder) credential(ctx context.Context) (secret.Value, error) {
	wrapped, _, err := b.wrapped(ctx, b.workspace)
	if err != nil || wrapped == nil {
		return secret.Value{}, err
	}
	plain, err := b.wrapper.Unwrap(ctx, postgres.CredentialContext(b.workspace), wrapped)
	if err != nil {
		return secret.Value{}, fmt.Errorf("decrypt credential of workspace %s: %w", b.workspace, err)
	}
	return secret.New(string(plain)), nil
}

// ErrBYOM: the workspace has its own model, which has to be removed first.
var ErrBYOM = errors.New("the workspace brings its own model")

// ChooseProvider chooses the service's own model, or none. [ErrBYOM] where the workspace has brought one.
func (b *Keyholder) ChooseProvider(ctx context.Context, p helpdesk.ModelProvider) error {
	return b.choose(ctx, p, func(tx *postgres.Tx, _ time.Time) error {
		if w, err := tx.Workspace(ctx); err != nil {
			return err
		} else if w.Settings.Provider == helpdesk.ProviderBYOM {
			return ErrBYOM
		}
		return nil
	})
}

// choose changes the provider with what belongs to it, and appends it to the audit log. The key store, which no restore takes
// back, hears of the choice first: one that is noted there and does not come costs the workspace its model after a restore, not
// its promise.
func (b *Keyholder) choose(ctx context.Context, p helpdesk.ModelProvider, with func(*postgres.Tx, time.Time) error) error {
	var version int64
	if err := b.store.InWorkspace(ctx, b.workspace, func(tx *postgres.Tx) (err error) {
		version, err = tx.ProviderVersion(ctx)
		return err
	}); err != nil {
		return err
	}
	if err := b.keys.RaiseModel(ctx, b.workspace, version+1); err != nil {
		return err
	}
	err := b.store.InWorkspace(ctx, b.workspace, func(tx *postgres.Tx) error {
		e := helpdesk.AuditEntry{At: time.Now(), Actor: b.by, Action: helpdesk.AuditProvider}
		var err error
		if e.Before, err = providerOf(ctx, tx); err != nil {
			return err
		}
		if err := with(tx, e.At); err != nil {
			return err
		}
		if version, err = tx.SetProvider(ctx, p); err != nil {
			return err
		}
		if e.After, err = providerOf(ctx, tx); err != nil {
			return err
		}
		return tx.Audit(ctx, e)
	})
	if err != nil {
		return err
	}
	return b.keys.RaiseModel(ctx, b.workspace, version) // where two chose at once
}

// providerOf names the provider for the audit log: whose project, where, which model.
func providerOf(ctx context.Context, tx *postgres.Tx) (string, error) {
	w, err := tx.Workspace(ctx)
	if err != nil || w.Settings.Provider != helpdesk.ProviderBYOM {
		return cmp.Or(string(w.Settings.Provider), "default"), err
	}
	m, err := tx.BYOM(ctx)
	return fmt.Sprintf("byom: %s in %s, project %s", m.Model, m.Location, m.Project), err
}

// SetTokens changes how many tokens a day the workspace may use of our project.
func (o *Operator) SetTokens(ctx context.Context, tokens int64) error {
	return o.change(ctx, helpdesk.AuditTokens, "", func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		w, err := tx.Workspace(ctx)
		if err != nil {
			return err
		}
		e.Before, e.After = fmt.Sprint(w.Settings.Tokens), fmt.Sprint(tokens)
		return tx.SetTokens(ctx, tokens)
	})
}
