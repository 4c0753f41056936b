package keystore_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func TestRequestKeysAreMadeOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		first, err := b.RequestKeys(ctx, b.workspace, b.request)
		must(t, err)
		wantSame(t, "text key", first.Text, b.text)
		if !first.HasText || !first.HasSummary || string(first.Text.Bytes()) == string(first.Summary.Bytes()) {
			t.Error("want two keys that differ")
		}
		must(t, b.CreateRequestKeys(ctx, b.workspace, b.request, seal.NewKey()))
		again, err := b.RequestKeys(ctx, b.workspace, b.request)
		must(t, err)
		wantSame(t, "text key after making it again", again.Text, first.Text)
		wantSame(t, "summary key after making it again", again.Summary, first.Summary)
	})
}

func TestDestroyRequestKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		type destroy struct{ text, summary bool }
		for name, tt := range map[string]struct {
			steps []destroy
			text  bool // what is left
			sum   bool
		}{
			"nothing":                      {[]destroy{{false, false}}, true, true},
			"text, by retention":           {[]destroy{{true, false}, {true, false}}, false, true},
			"summary":                      {[]destroy{{false, true}}, true, false},
			"both, by deletion":            {[]destroy{{true, true}, {true, true}}, false, false},
			"text first, then both":        {[]destroy{{true, false}, {true, true}}, false, false},
			"one after the other":          {[]destroy{{true, false}, {false, true}}, false, false},
			"the other way round, repeats": {[]destroy{{false, true}, {true, false}, {true, false}}, false, false},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ctx, b := t.Context(), setup(t)
				sibling := helpdesk.NewRequestID()
				must(t, b.CreateRequestKeys(ctx, b.workspace, sibling, seal.NewKey()))
				for _, step := range tt.steps {
					must(t, b.DestroyRequestKeys(ctx, b.workspace, b.request, step.text, step.summary))
				}
				keys, err := b.RequestKeys(ctx, b.workspace, b.request)
				if !tt.text && !tt.sum {
					wantErased(t, "both keys", err)
					err = nil
				}
				must(t, err)
				if keys.HasText != tt.text || keys.HasSummary != tt.sum || keys.Text.IsZero() == tt.text || keys.Summary.IsZero() == tt.sum {
					t.Errorf("has text %t, has summary %t", keys.HasText, keys.HasSummary)
				}
				want := int64(2) // the workspace's and the sibling's
				if tt.text || tt.sum {
					want++
				}
				if n, err := b.Census(ctx, b.workspace); err != nil || n != want {
					t.Errorf("census %d, %v, want %d", n, err, want)
				}
				if _, err := b.RequestKeys(ctx, b.workspace, sibling); err != nil {
					t.Errorf("sibling: %v", err)
				}
			})
		}
	})
}

// Missing and foreign look alike, and a foreign id destroys nothing.
func TestForeignWorkspaceReachesNoRequest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		foreign := helpdesk.NewWorkspaceID(time.Now())
		must(t, b.CreateWorkspaceKey(ctx, foreign))
		_, err := b.RequestKeys(ctx, foreign, b.request)
		wantErased(t, "foreign workspace", err)
		_, err = b.RequestKeys(ctx, b.workspace, helpdesk.NewRequestID())
		wantErased(t, "unknown request", err)
		must(t, b.DestroyRequestKeys(ctx, foreign, b.request, true, true))
		if _, err := b.DestroyWorkspace(ctx, foreign); err != nil {
			t.Fatal(err)
		}
		keys, err := b.RequestKeys(ctx, b.workspace, b.request)
		must(t, err)
		wantSame(t, "text key", keys.Text, b.text)
	})
}

// A wrapped key that somebody moves in the database opens nowhere else.
func TestMovedRequestKeysDoNotOpen(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"to another column": `update keystore.request_key set summary_key = text_key where request_id = $1 and $2::uuid is not null`,
		"from another request": `update keystore.request_key set text_key = (select text_key from keystore.request_key where request_id = $2)
			where request_id = $1`,
		"cut": `update keystore.request_key set text_key = substr(text_key, 1, 20) where request_id = $1 and $2::uuid is not null`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, b := t.Context(), setup(t)
			sibling := helpdesk.NewRequestID()
			must(t, b.CreateRequestKeys(ctx, b.workspace, sibling, seal.NewKey()))
			b.exec(t, sql, b.request, sibling)
			if _, err := b.RequestKeys(ctx, b.workspace, b.request); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("got %v, want %v", err, seal.ErrOpen)
			}
		})
	}
	t.Run("to another workspace", func(t *testing.T) {
		t.Parallel()
		ctx, b := t.Context(), setup(t)
		foreign := helpdesk.NewWorkspaceID(time.Now())
		must(t, b.CreateWorkspaceKey(ctx, foreign))
		b.exec(t, `update keystore.request_key set workspace_id = $1 where request_id = $2`, foreign, b.request)
		if _, err := b.RequestKeys(ctx, foreign, b.request); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("got %v, want %v", err, seal.ErrOpen)
		}
	})
}

// What was sealed before an edit opens no more; what was destroyed stays so, and an older edit takes nothing away.
func TestReplaceTextKey(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		first, second := seal.NewKey(), seal.NewKey()
		replace := func(old, key seal.Key, want bool) {
			t.Helper()
			if done, err := b.ReplaceTextKey(ctx, b.workspace, b.request, old, key); err != nil || done != want {
				t.Errorf("replaced: %v, %v, want %v", done, err, want)
			}
		}
		before, err := b.RequestKeys(ctx, b.workspace, b.request)
		must(t, err)
		replace(b.text, first, true)
		replace(b.text, first, true)   // nobody heard that it was done
		replace(b.text, second, false) // read before the first
		b.rotate(t, b.open(t))
		replace(first, second, true)
		keys, err := b.RequestKeys(ctx, b.workspace, b.request)
		must(t, err)
		wantSame(t, "text key", keys.Text, second)
		wantSame(t, "summary key", keys.Summary, before.Summary)
		must(t, b.DestroyTextKeys(ctx, b.workspace, []helpdesk.RequestID{b.request}))
		_, err = b.ReplaceTextKey(ctx, b.workspace, b.request, second, first)
		wantErased(t, "replacing a destroyed key", err)
		_, err = b.ReplaceTextKey(ctx, b.workspace, helpdesk.NewRequestID(), second, first)
		wantErased(t, "replacing the key of no request", err)
	})
}

// Of edits that come at the same time and have all read the same key one replaces it, also while the workspace's key is.
func TestReplaceTextKeyAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		var done atomic.Int32
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := b.BeginRotation(ctx, b.workspace); err != nil {
				t.Error(err)
			}
			if err := b.FinishRotation(ctx, b.workspace, func(int) {}); err != nil {
				t.Error(err)
			}
		})
		for range 8 {
			all.Go(func() {
				replaced, err := b.ReplaceTextKey(ctx, b.workspace, b.request, b.text, seal.NewKey())
				if err != nil {
					t.Error(err)
				}
				if replaced {
					done.Add(1)
				}
			})
		}
		all.Wait()
		if done.Load() != 1 {
			t.Errorf("%d edits have replaced one key", done.Load())
		}
	})
}

// One call reads the keys of many requests, those that were destroyed and those of others left out, also while the
// workspace's key is being replaced.
func TestKeysOfManyRequests(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		ids, want := []helpdesk.RequestID{b.request, b.request, helpdesk.NewRequestID()}, map[helpdesk.RequestID]seal.Key{b.request: b.text}
		add := func() helpdesk.RequestID {
			id, key := helpdesk.NewRequestID(), seal.NewKey()
			must(t, b.CreateRequestKeys(ctx, b.workspace, id, key))
			ids, want[id] = append(ids, id), key
			return id
		}
		for range 150 { // more than one call of DynamoDB reads
			add()
		}
		same := func(what string) {
			t.Helper()
			got, err := b.KeysOfRequests(ctx, b.workspace, ids)
			must(t, err)
			if len(got) != len(want) {
				t.Errorf("%s: %d keys, want %d", what, len(got), len(want))
			}
			for id, key := range want {
				wantSame(t, what, got[id].Text, key)
				if !got[id].HasText || !got[id].HasSummary {
					t.Errorf("%s: %+v", what, got[id])
				}
			}
		}
		same("at first")
		_, err := b.BeginRotation(ctx, b.workspace)
		must(t, err)
		add() // under the newer version
		same("under two versions of the workspace's key")
		gone, bare := add(), add()
		must(t, b.DestroyRequestKeys(ctx, b.workspace, gone, true, true))
		must(t, b.DestroyRequestKeys(ctx, b.workspace, bare, true, false))
		delete(want, gone)
		left, err := b.KeysOfRequests(ctx, b.workspace, []helpdesk.RequestID{gone, bare})
		must(t, err)
		if _, there := left[gone]; there || left[bare].HasText || !left[bare].HasSummary {
			t.Errorf("of one without keys and one without a text key: %+v", left)
		}
		delete(want, bare)
		ids = slices.DeleteFunc(ids, func(id helpdesk.RequestID) bool { return id == bare })
		same("after two were destroyed")
		if got, err := b.KeysOfRequests(ctx, b.workspace, nil); err != nil || len(got) != 0 {
			t.Errorf("of none: %d, %v", len(got), err)
		}
		_, err = b.DestroyWorkspace(ctx, b.workspace)
		must(t, err)
		_, err = b.KeysOfRequests(ctx, b.workspace, ids)
		wantErased(t, "after the workspace was destroyed", err)
	})
}
