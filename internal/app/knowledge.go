package app

import (
	"context"
	"fmt"
	"reflect"
	"strconv"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/knowledge"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// Imported says what an import did, or would do, to the knowledge base.
type Imported struct {
	Added, Changed, Unchanged, Removed, Kept int // Kept: not in the file, and left alone
}

// workspaceKey is what seals fields of the workspace, and what wraps keys. [ErrNoKeystore] where the command was not told where
// they are.
func (o *Operator) workspaceKey(ctx context.Context) (key seal.Key, wrapper seal.Wrapper, err error) {
	if o.cfg.KeystoreURL.IsZero() || o.cfg.LocalKeyFile == "" && o.cfg.KMS.KeyID == "" {
		return key, nil, ErrNoKeystore
	}
	if wrapper, err = openWrapper(ctx, o.cfg); err != nil {
		return key, nil, err
	}
	keys, err := keystore.Open(ctx, o.cfg.KeystoreURL, wrapper)
	if err != nil {
		return key, nil, err
	}
	defer keys.Close()
	key, err = keys.WorkspaceKey(ctx, o.workspace)
	return key, wrapper, err
}

// entries are all of the workspace's, by their keys.
func entries(ctx context.Context, tx *postgres.Tx, key seal.Key) ([]postgres.CountedEntry, error) {
	return tx.Entries(ctx, key, "", helpdesk.MaxEntries)
}

// ImportEntries stores entries, found again by their keys, in one transaction. Those that are not among them stay, unless they
// are to be replaced. A dry run changes nothing.
func (o *Operator) ImportEntries(ctx context.Context, all []helpdesk.Entry, replace, dryRun bool) (done Imported, err error) {
	key, _, err := o.workspaceKey(ctx)
	if err != nil {
		return done, err
	}
	indexed := make([]postgres.IndexedEntry, len(all))
	for i, e := range all {
		indexed[i] = postgres.IndexedEntry{Entry: e, Stems: knowledge.Stems(e.Content)}
	}
	if dryRun {
		err = o.do(ctx, func(tx *postgres.Tx) error {
			there, err := entries(ctx, tx, key)
			if err == nil {
				_, _, done, err = compare(there, indexed, replace)
			}
			return err
		})
		return done, err
	}
	err = o.change(ctx, helpdesk.AuditKnowledge, "", func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		there, err := entries(ctx, tx, key)
		if err != nil {
			return err
		}
		put, drop, d, err := compare(there, indexed, replace)
		if err != nil {
			return err
		}
		for _, k := range drop {
			if err := tx.DropEntry(ctx, k); err != nil {
				return err
			}
		}
		done = d
		e.Before, e.After = strconv.Itoa(len(there)), strconv.Itoa(len(there)+d.Added-d.Removed)
		return tx.PutEntries(ctx, put, key)
	})
	return done, err
}

// compare says which entries are to be stored, and the keys of those to be deleted.
func compare(there []postgres.CountedEntry, in []postgres.IndexedEntry, replace bool) (put []postgres.IndexedEntry, drop []string, done Imported, err error) {
	known := make(map[string]helpdesk.Entry, len(there))
	for _, e := range there {
		known[e.Key] = e.Entry
	}
	for _, e := range in {
		old, ok := known[e.Key]
		delete(known, e.Key)
		e.ID = old.ID
		switch {
		case !ok:
			e.ID = helpdesk.NewEntryID()
			done.Added++
		case reflect.DeepEqual(old, e.Entry):
			done.Unchanged++
			continue
		default:
			done.Changed++
		}
		put = append(put, e)
	}
	for k := range known {
		if !replace {
			done.Kept++
			continue
		}
		drop = append(drop, k)
		done.Removed++
	}
	if n := len(in) + done.Kept; n > helpdesk.MaxEntries {
		return nil, nil, done, fmt.Errorf("there would be %d entries, at most %d: %w", n, helpdesk.MaxEntries, helpdesk.ErrInvalid)
	}
	return put, drop, done, nil
}

// Entries lists the knowledge base with what is counted of each entry.
func (o *Operator) Entries(ctx context.Context) (all []postgres.CountedEntry, err error) {
	key, _, err := o.workspaceKey(ctx)
	if err != nil {
		return nil, err
	}
	err = o.do(ctx, func(tx *postgres.Tx) error {
		all, err = entries(ctx, tx, key)
		return err
	})
	return all, err
}

// ExportEntries gives the knowledge base as an import takes it; the audit log says that it was exported.
func (o *Operator) ExportEntries(ctx context.Context) (all []helpdesk.Entry, err error) {
	key, _, err := o.workspaceKey(ctx)
	if err != nil {
		return nil, err
	}
	err = o.change(ctx, helpdesk.AuditExported, "knowledge", func(tx *postgres.Tx, _ *helpdesk.AuditEntry) error {
		there, err := entries(ctx, tx, key)
		for _, e := range there {
			all = append(all, e.Entry)
		}
		return err
	})
	return all, err
}

// RemoveEntry deletes the entry with a key. [helpdesk.ErrNotFound] where there is none.
func (o *Operator) RemoveEntry(ctx context.Context, key string) error {
	return o.change(ctx, helpdesk.AuditKnowledge, key, func(tx *postgres.Tx, _ *helpdesk.AuditEntry) error { return tx.DropEntry(ctx, key) })
}

// TryEntries is the entry that fits a text best, whether it is good or not, by the same way as in a channel; false where no
// active entry has a word of it.
func (o *Operator) TryEntries(ctx context.Context, text string) (best knowledge.Scored, ok bool, err error) {
	key, _, err := o.workspaceKey(ctx)
	if err != nil {
		return best, false, err
	}
	m := knowledge.NewMessage(text)
	err = o.do(ctx, func(tx *postgres.Tx) error {
		found, err := tx.FindEntries(ctx, m.Stems(), key, knowledge.Candidates)
		if err == nil {
			best, ok = m.Best(found.Entries, knowledge.Counts{Entries: found.Active, With: found.With})
		}
		return err
	})
	return best, ok, err
}

// OfferAnswers switches the offering of answers in a channel. [helpdesk.ErrNotFound] for an unknown channel.
func (o *Operator) OfferAnswers(ctx context.Context, channel string, on bool) error {
	return o.allow(ctx, helpdesk.AuditOfferAnswers, channel, channel, on, func(tx *postgres.Tx, id helpdesk.ChannelID) error {
		return tx.OfferAnswers(ctx, id, on)
	})
}
