package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// Keys carries out the operator's commands on keys, beside the running service.
type Keys struct {
	store   *postgres.Store
	keys    *keystore.Store
	wrapper seal.Wrapper
	by      string // as the audit log names them
}

// ErrNoKeystore: the command was not told where the keys are, or what wraps them.
var ErrNoKeystore = errors.New("KEYSTORE_URL, or LOCAL_KMS_KEY_FILE and KMS_KEY_ID, is not set")

// OpenKeys opens both stores for the named account of this machine.
func OpenKeys(ctx context.Context, cfg config.Config, account string) (k *Keys, err error) {
	if cfg.KeystoreURL.IsZero() || cfg.LocalKeyFile == "" && cfg.KMS.KeyID == "" {
		return nil, ErrNoKeystore
	}
	k = &Keys{by: "operator:" + account}
	if k.wrapper, err = openWrapper(ctx, cfg); err != nil {
		return nil, err
	}
	if k.store, err = postgres.Open(ctx, cfg.DatabaseURL); err != nil {
		return nil, err
	}
	if k.keys, err = keystore.Open(ctx, cfg.KeystoreURL, k.wrapper); err != nil {
		k.store.Close()
		return nil, err
	}
	return k, nil
}

// Close releases both stores.
func (k *Keys) Close() {
	k.keys.Close()
	k.store.Close()
}

// Of is the workspace of a Slack team. [helpdesk.ErrNotInstalled] where it has none.
func (k *Keys) Of(ctx context.Context, team string) (helpdesk.WorkspaceID, error) {
	return k.store.Installed(ctx, team)
}

// Each calls f for every workspace that has a key: the living ones, and those in their grace. One that fails does not keep
// the others from their turn.
func (k *Keys) Each(ctx context.Context, f func(helpdesk.WorkspaceID) error) (failed error) {
	var last helpdesk.WorkspaceID
	for {
		ids, err := k.store.Kept(ctx, last, 500)
		if err != nil || len(ids) == 0 {
			return errors.Join(failed, err)
		}
		for _, last = range ids {
			if err := ctx.Err(); err != nil {
				return errors.Join(failed, err)
			}
			if err := f(last); err != nil {
				failed = errors.Join(failed, err)
			}
		}
	}
}

// KeyStatus is what is known of a workspace's key, and of its bot token.
type KeyStatus struct {
	keystore.KeyStatus
	TokenUnder   string // the wrapping key; "" where the token is destroyed
	TokenCurrent bool
	// of the credential for the workspace's own model; "" where there is none
	CredentialUnder   string
	CredentialCurrent bool
}

// Status opens the key and the bot token of a workspace. [helpdesk.ErrErased] where the key is gone.
func (k *Keys) Status(ctx context.Context, id helpdesk.WorkspaceID) (st KeyStatus, err error) {
	if st.KeyStatus, err = k.keys.KeyStatus(ctx, id); err != nil {
		return st, err
	}
	token, _, err := k.token(ctx, id)
	if errors.Is(err, helpdesk.ErrNotInstalled) {
		return st, nil
	}
	if err == nil {
		st.TokenUnder, st.TokenCurrent, err = k.wrapper.Under(ctx, postgres.TokenContext(id), token)
	}
	if err != nil {
		return st, fmt.Errorf("bot token of workspace %s: %w", id, err)
	}
	credential, _, err := k.wrapped(ctx, id)
	if err == nil && credential != nil {
		st.CredentialUnder, st.CredentialCurrent, err = k.wrapper.Under(ctx, postgres.CredentialContext(id), credential)
	}
	if err != nil {
		return st, fmt.Errorf("credential of workspace %s: %w", id, err)
	}
	return st, nil
}

// wrapped is the credential for the workspace's own model as it is encrypted, nil where there is none, and the key that seals it.
func (k *Keys) wrapped(ctx context.Context, id helpdesk.WorkspaceID) (credential []byte, key seal.Key, err error) {
	if key, err = k.keys.WorkspaceKey(ctx, id); err != nil {
		return nil, key, err
	}
	err = k.store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		credential, err = tx.Credential(ctx, key)
		return err
	})
	if errors.Is(err, helpdesk.ErrNotFound) {
		err = nil
	}
	return credential, key, err
}

// token is the bot token as it is encrypted, and the key that seals it.
func (k *Keys) token(ctx context.Context, id helpdesk.WorkspaceID) (token []byte, key seal.Key, err error) {
	if key, err = k.keys.WorkspaceKey(ctx, id); err != nil {
		return nil, key, err
	}
	err = k.store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		token, err = tx.Token(ctx, key)
		return err
	})
	return token, key, err
}

// IngressStatus names the wrapping key of the ingress key; current is true for the one in use.
func (k *Keys) IngressStatus(ctx context.Context) (under string, current bool, err error) {
	return k.keys.IngressStatus(ctx)
}

// Rotate replaces the key of a workspace, or finishes what was begun before; moved is called after each batch. A key that
// is younger than the given age is left alone: due is false then.
func (k *Keys) Rotate(ctx context.Context, id helpdesk.WorkspaceID, age time.Duration, moved func(int)) (r keystore.Rotation, due bool, err error) {
	if age > 0 {
		st, err := k.keys.KeyStatus(ctx, id)
		if err != nil || !st.Rotating && time.Since(st.Since) < age {
			return r, false, err
		}
	}
	if r, err = k.keys.BeginRotation(ctx, id); err != nil {
		return r, false, err
	}
	err = k.store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		return tx.Audit(ctx, helpdesk.AuditEntry{
			At: time.Now(), Actor: k.by, Action: helpdesk.AuditKeyRotated,
			Before: strconv.FormatInt(r.From, 10), After: strconv.FormatInt(r.To, 10),
		})
	})
	if err != nil {
		return r, false, err
	}
	return r, true, k.keys.FinishRotation(ctx, id, moved)
}

// Rewrapped says what came under the wrapping key in use.
type Rewrapped struct{ Key, Token, Credential bool }

// Rewrap brings the key and the bot token of a workspace under the wrapping key in use, unless they are.
func (k *Keys) Rewrap(ctx context.Context, id helpdesk.WorkspaceID) (done Rewrapped, err error) {
	if done.Key, err = k.keys.RewrapWorkspaceKey(ctx, id); err != nil {
		return done, err
	}
	if done.Key {
		err = k.store.InWorkspace(ctx, id, func(tx *postgres.Tx) error { return tx.Audit(ctx, k.rewrapped("workspace_key")) })
		if err != nil {
			return done, err
		}
	}
	if done.Token, err = k.rewrapOne(ctx, id, "bot_token", postgres.TokenContext(id), k.token, (*postgres.Tx).RewrapToken); err != nil {
		return done, err
	}
	done.Credential, err = k.rewrapOne(ctx, id, "byom_credential", postgres.CredentialContext(id), k.wrapped, (*postgres.Tx).RewrapCredential)
	return done, err
}

func (k *Keys) rewrapped(object string) helpdesk.AuditEntry {
	return helpdesk.AuditEntry{At: time.Now(), Actor: k.by, Action: helpdesk.AuditKeyRewrapped, Object: object}
}

// rewrapOne brings one thing that is sealed under the workspace's key under the wrapping key in use.
func (k *Keys) rewrapOne(ctx context.Context, id helpdesk.WorkspaceID, object string, in seal.Context,
	load func(context.Context, helpdesk.WorkspaceID) ([]byte, seal.Key, error), replace func(*postgres.Tx, context.Context, seal.Key, []byte, []byte) (bool, error),
) (changed bool, err error) {
	for !changed { // once more where it was replaced meanwhile
		from, key, err := load(ctx, id)
		if errors.Is(err, helpdesk.ErrNotInstalled) || err == nil && from == nil {
			return false, nil // its purge has begun, or there is none
		}
		if err != nil {
			return false, err
		}
		to, older, err := seal.Rewrap(ctx, k.wrapper, in, from)
		if err != nil {
			return false, fmt.Errorf("rewrap %s of workspace %s: %w", object, id, err)
		}
		if !older {
			return false, nil
		}
		err = k.store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
			if changed, err = replace(tx, ctx, key, from, to); err != nil || !changed {
				return err
			}
			return tx.Audit(ctx, k.rewrapped(object))
		})
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// RewrapIngress does the same for the ingress key.
func (k *Keys) RewrapIngress(ctx context.Context) (changed bool, err error) {
	return k.keys.RewrapIngressKey(ctx)
}
