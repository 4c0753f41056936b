package keystore_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// rotate replaces the workspace's key, as the command does, and returns how many keys of requests it moved.
func (b *bundle) rotate(t *testing.T, s *keystore.Store) (r keystore.Rotation, moved int) {
	t.Helper()
	r, err := s.BeginRotation(t.Context(), b.workspace)
	must(t, err)
	must(t, s.FinishRotation(t.Context(), b.workspace, func(n int) { moved += n }))
	return r, moved
}

// requests gives the workspace n more requests.
func (b *bundle) requests(t *testing.T, n int) []helpdesk.RequestID {
	t.Helper()
	ids := make([]helpdesk.RequestID, n)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < n; i += 4 {
				ids[i] = helpdesk.NewRequestID()
				if err := b.CreateRequestKeys(t.Context(), b.workspace, ids[i], b.text); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return ids
}

// readable reads every request.
func (b *bundle) readable(t *testing.T, s *keystore.Store, ids []helpdesk.RequestID) {
	t.Helper()
	for _, id := range ids {
		keys, err := s.RequestKeys(t.Context(), b.workspace, id)
		must(t, err)
		wantSame(t, "text key", keys.Text, b.text)
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		elsewhere := b.open(t) // another process that has the first version in memory
		field, err := elsewhere.WorkspaceKey(ctx, b.workspace)
		must(t, err)
		ids := b.requests(t, 5)
		must(t, b.DestroyRequestKeys(ctx, b.workspace, ids[0], true, false))
		must(t, b.DestroyRequestKeys(ctx, b.workspace, ids[1], true, true))
		before, err := b.RequestKeys(ctx, b.workspace, b.request)
		must(t, err)

		for version := int64(1); version < 4; version++ {
			st, err := b.KeyStatus(ctx, b.workspace)
			must(t, err)
			if st.Version != version || st.Rotating || st.Requests != 5 || st.Older != 0 || !st.Current || st.Under == "" || time.Since(st.Since) > time.Minute {
				t.Errorf("before: %+v", st)
			}
			r, moved := b.rotate(t, b.Store)
			if (r != keystore.Rotation{From: version, To: version + 1}) || moved != 5 {
				t.Errorf("%+v, moved %d", r, moved)
			}
			for name, s := range map[string]*keystore.Store{"here": b.Store, "elsewhere": elsewhere, "after a restart": b.open(t)} {
				same, err := s.WorkspaceKey(ctx, b.workspace)
				must(t, err)
				wantSame(t, "key of fields "+name, same, field)
				keys, err := s.RequestKeys(ctx, b.workspace, b.request)
				must(t, err)
				wantSame(t, "text key "+name, keys.Text, b.text)
				wantSame(t, "summary key "+name, keys.Summary, before.Summary)
				keys, err = s.RequestKeys(ctx, b.workspace, ids[0])
				must(t, err)
				if keys.HasText || !keys.HasSummary {
					t.Error("a destroyed key is back, or another one gone")
				}
				_, err = s.RequestKeys(ctx, b.workspace, ids[1])
				wantErased(t, "destroyed request "+name, err)
				must(t, s.CreateRequestKeys(ctx, b.workspace, helpdesk.NewRequestID(), seal.NewKey()))
				must(t, s.FinishRotation(ctx, b.workspace, func(int) { t.Error("moved after the end") }))
			}
			for _, id := range must1(b.OldRequestKeys(ctx, b.workspace, time.Now().Add(time.Hour), helpdesk.RequestID{}, 100))(t) {
				if id != b.request && id != ids[0] && id != ids[2] && id != ids[3] && id != ids[4] {
					must(t, b.DestroyRequestKeys(ctx, b.workspace, id, true, true))
				}
			}
		}
	})
}

// A process that dies in the middle leaves everything readable; the next one goes on where nothing is done.
func TestRotationIsResumed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		b := setup(t)
		ids := b.requests(t, 250)
		ctx, die := context.WithCancel(t.Context())
		_, err := b.BeginRotation(ctx, b.workspace)
		must(t, err)
		moved := 0
		err = b.FinishRotation(ctx, b.workspace, func(n int) { moved += n; die() })
		if !errors.Is(err, context.Canceled) || moved == 0 || moved > 200 {
			t.Fatalf("moved %d, %v", moved, err)
		}
		after := b.open(t)
		st, err := after.KeyStatus(t.Context(), b.workspace)
		must(t, err)
		if !st.Rotating || st.Version != 2 || st.Requests != 251 || st.Older != int64(251-moved) {
			t.Errorf("in the middle: %+v", st)
		}
		b.readable(t, after, ids)
		late := b.requests(t, 1) // is under the new version
		r, rest := b.rotate(t, after)
		if (r != keystore.Rotation{From: 1, To: 2, Resumed: true}) || moved+rest != 251 {
			t.Errorf("%+v, moved %d and %d", r, moved, rest)
		}
		b.readable(t, b.Store, append(ids, late...))
		if st, err = after.KeyStatus(t.Context(), b.workspace); err != nil || st.Rotating || st.Older != 0 {
			t.Errorf("at the end: %+v, %v", st, err)
		}
	})
}

// A purge wins, wherever a rotation is: nothing comes back, nothing is left.
func TestPurgeInTheMiddleOfARotation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		b.requests(t, 250)
		elsewhere := b.open(t)
		_, err := b.BeginRotation(ctx, b.workspace)
		must(t, err)
		err = b.FinishRotation(ctx, b.workspace, func(int) {
			if _, err := elsewhere.DestroyWorkspace(ctx, b.workspace); err != nil {
				t.Error(err)
			}
		})
		wantErased(t, "rotation", err)
		_, err = b.BeginRotation(ctx, b.workspace)
		wantErased(t, "another rotation", err)
		_, err = b.RewrapWorkspaceKey(ctx, b.workspace)
		wantErased(t, "rewrapping", err)
		_, err = b.KeyStatus(ctx, b.workspace)
		wantErased(t, "status", err)
		if n, err := b.Census(ctx, b.workspace); err != nil || n != 0 {
			t.Errorf("census: %d, %v, want 0", n, err)
		}
	})
}

// However they interleave, what a purge has destroyed stays so.
func TestPurgeBesideRotations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		b.requests(t, 50)
		var wg sync.WaitGroup
		for _, s := range []*keystore.Store{b.open(t), b.open(t)} {
			wg.Go(func() {
				for {
					_, err := s.BeginRotation(ctx, b.workspace)
					if err == nil {
						err = s.FinishRotation(ctx, b.workspace, func(int) {})
					}
					if err == nil {
						_, err = s.RewrapWorkspaceKey(ctx, b.workspace)
					}
					if err != nil {
						wantErased(t, "rotation", err)
						return
					}
				}
			})
		}
		for { // not before the first one is done
			st, err := b.KeyStatus(ctx, b.workspace)
			must(t, err)
			if st.Version > 2 {
				break
			}
		}
		_, err := b.DestroyWorkspace(ctx, b.workspace)
		must(t, err)
		wg.Wait()
		if n, err := b.Census(ctx, b.workspace); err != nil || n != 0 {
			t.Errorf("census: %d, %v, want 0", n, err)
		}
		_, err = b.RequestKeys(ctx, b.workspace, b.request)
		wantErased(t, "request", err)
	})
}

// Between a look at the workspace's key and the request that comes under it, that version may have been replaced and destroyed.
func TestNothingIsAddedUnderAFormerVersion(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		w := b.wrapper.slowly(t, nil)
		slow := b.openWith(t, w)
		w.meanwhile = func() { b.rotate(t, b.Store) }
		id := helpdesk.NewRequestID()
		must(t, slow.CreateRequestKeys(ctx, b.workspace, id, b.text))
		if w.meanwhile != nil {
			t.Fatal("the key was not replaced meanwhile")
		}
		b.readable(t, b.Store, []helpdesk.RequestID{b.request, id})
	})
}

// A purge that comes between a look at the key and its replacement wins: no new version brings the workspace back.
func TestCondemnedKeyIsNotReplaced(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(context.Context, *keystore.Store, helpdesk.WorkspaceID) error{
		"rotate": func(ctx context.Context, s *keystore.Store, id helpdesk.WorkspaceID) error {
			_, err := s.BeginRotation(ctx, id)
			return err
		},
		"rewrap": func(ctx context.Context, s *keystore.Store, id helpdesk.WorkspaceID) error {
			_, err := s.RewrapWorkspaceKey(ctx, id)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
				b := setup(t)
				w := b.wrapper.successor(t)
				s := b.openWith(t, w)
				w.meanwhile = func() { b.condemn(t) }
				wantErased(t, name, replace(t.Context(), s, b.workspace))
				_, err := b.open(t).WorkspaceKey(t.Context(), b.workspace)
				wantErased(t, "key", err)
				_, err = b.RequestKeys(t.Context(), b.workspace, b.request)
				wantErased(t, "request", err)
				if n, err := b.DestroyWorkspace(t.Context(), b.workspace); err != nil || n != 2 {
					t.Errorf("the purge goes on: %d, %v", n, err)
				}
			})
		})
	}
}

// A text that is destroyed between a look at its key and the move of it stays destroyed.
func TestDestroyedMeanwhileIsNotMoved(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), freshTable(t).fill(t)
	b.table.Disturb = 0
	_, err := b.BeginRotation(ctx, b.workspace)
	must(t, err)
	var once sync.Once
	b.table.Overtake = func(operation string) {
		if operation == "UpdateItem" {
			once.Do(func() {
				b.table.Overtake = nil
				if err := b.DestroyRequestKeys(ctx, b.workspace, b.request, true, false); err != nil {
					t.Error(err)
				}
			})
		}
	}
	must(t, b.FinishRotation(ctx, b.workspace, func(int) {}))
	keys, err := b.RequestKeys(ctx, b.workspace, b.request)
	must(t, err)
	if keys.HasText || !keys.HasSummary || b.table.Overtake != nil {
		t.Errorf("text: %t, summary: %t", keys.HasText, keys.HasSummary)
	}
}

// The service under load, in two processes, while two operators replace workspace key and wrapping key again and again.
func TestEverythingIsReadableWhileKeysAreReplaced(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		b := setup(t)
		ctx, stop := context.WithCancel(t.Context())
		one, two := b.wrapper, b.wrapper.successor(t)
		stores := []*keystore.Store{b.openWith(t, one), b.openWith(t, two)}
		field, err := b.WorkspaceKey(ctx, b.workspace)
		must(t, err)
		place := seal.AD{Workspace: b.workspace.String(), Table: "workspace", Column: "token", Row: b.workspace.String()}
		token := field.Seal([]byte("token"), place)

		var load, operators sync.WaitGroup
		for i := range 6 {
			s := stores[i%2]
			load.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					id, text := helpdesk.NewRequestID(), seal.NewKey()
					delivery := helpdesk.NewInboxID(time.Now())
					if err := errors.Join(s.PutInboxKey(t.Context(), delivery, text), s.CreateRequestKeys(t.Context(), b.workspace, id, text)); err != nil {
						t.Error(err)
						return
					}
					for range 3 {
						keys, err := s.RequestKeys(t.Context(), b.workspace, id)
						if err != nil || !bytes.Equal(keys.Text.Bytes(), text.Bytes()) || !keys.HasSummary {
							t.Errorf("request: %v", err)
							return
						}
					}
					key, err := s.WorkspaceKey(t.Context(), b.workspace)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := key.Open(token, place); err != nil {
						t.Errorf("field: %v", err)
					}
					if got, err := s.InboxKey(t.Context(), delivery); err != nil || !bytes.Equal(got.Bytes(), text.Bytes()) {
						t.Errorf("delivery: %v", err)
					}
					both := n%2 == 0
					if err := errors.Join(s.DestroyRequestKeys(t.Context(), b.workspace, id, true, both), s.DestroyInboxKeys(t.Context(), delivery)); err != nil {
						t.Error(err)
					}
					keys, err := s.RequestKeys(t.Context(), b.workspace, id)
					if both != errors.Is(err, helpdesk.ErrErased) || keys.HasText {
						t.Errorf("destroyed, both: %t, text: %t, %v", both, keys.HasText, err)
					}
				}
			})
		}
		for _, s := range stores {
			operators.Go(func() {
				for range 10 {
					_, err := s.BeginRotation(ctx, b.workspace)
					if err == nil {
						err = s.FinishRotation(ctx, b.workspace, func(int) {})
					}
					if err == nil {
						_, err = s.RewrapWorkspaceKey(ctx, b.workspace)
					}
					if err == nil {
						_, err = s.RewrapIngressKey(ctx)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		operators.Wait()
		stop()
		load.Wait()
		st, err := b.KeyStatus(t.Context(), b.workspace)
		must(t, err)
		if st.Version < 6 || st.Rotating || st.Older != 0 {
			t.Errorf("at the end: %+v", st)
		}
	})
}

// A workspace from before versions has no key of its own for its fields: its first key goes on doing that.
func TestRotationOfAWorkspaceFromBeforeVersions(t *testing.T) {
	t.Parallel()
	ctx, b := t.Context(), setup(t)
	b.exec(t, `update keystore.workspace_key set field_key = null where workspace_id = $1`, b.workspace)
	field, err := b.WorkspaceKey(ctx, b.workspace)
	must(t, err)
	for range 2 {
		b.rotate(t, b.Store)
		same, err := b.WorkspaceKey(ctx, b.workspace)
		must(t, err)
		wantSame(t, "key of fields", same, field)
		b.readable(t, b.Store, []helpdesk.RequestID{b.request})
	}
}

// A field key that somebody moves in the database opens nowhere else.
func TestMovedFieldKeyDoesNotOpen(t *testing.T) {
	t.Parallel()
	b, other := setup(t), helpdesk.NewWorkspaceID(time.Now())
	must(t, b.CreateWorkspaceKey(t.Context(), other))
	b.exec(t, `update keystore.workspace_key set field_key = (select field_key from keystore.workspace_key where workspace_id = $1)
		where workspace_id = $2`, b.workspace, other)
	if _, err := b.WorkspaceKey(t.Context(), other); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("got %v, want %v", err, seal.ErrOpen)
	}
}

func TestRewrap(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		field, err := b.WorkspaceKey(ctx, b.workspace)
		must(t, err)
		delivery, deliveryKey := helpdesk.NewInboxID(time.Now()), seal.NewKey()
		must(t, b.PutInboxKey(ctx, delivery, deliveryKey))
		_, err = b.BeginRotation(ctx, b.workspace) // and not finished: there are two versions to rewrap
		must(t, err)

		next := b.wrapper.successor(t)
		s := b.openWith(t, next)
		st, err := s.KeyStatus(ctx, b.workspace)
		must(t, err)
		former, current, err := s.IngressStatus(ctx)
		must(t, err)
		if st.Current || current || st.Under != former {
			t.Errorf("before: %+v, ingress key under %s, %t", st, former, current)
		}
		for _, want := range []bool{true, false} {
			changed, err := s.RewrapWorkspaceKey(ctx, b.workspace)
			must(t, err)
			ingress, err := s.RewrapIngressKey(ctx)
			must(t, err)
			if changed != want || ingress != want {
				t.Errorf("changed %t, ingress key %t, want %t", changed, ingress, want)
			}
		}
		b.readable(t, b.Store, []helpdesk.RequestID{b.request}) // by a process that still wraps under the former key
		must(t, s.FinishRotation(ctx, b.workspace, func(int) {}))

		alone := b.openWith(t, next.alone(t))
		st, err = alone.KeyStatus(ctx, b.workspace)
		must(t, err)
		under, current, err := alone.IngressStatus(ctx)
		must(t, err)
		if !st.Current || !current || st.Under != under || under == former {
			t.Errorf("after: %+v, ingress key under %s, %t", st, under, current)
		}
		same, err := alone.WorkspaceKey(ctx, b.workspace)
		must(t, err)
		wantSame(t, "key of fields", same, field)
		got, err := alone.InboxKey(ctx, delivery)
		must(t, err)
		wantSame(t, "key of a delivery", got, deliveryKey)
		b.readable(t, alone, []helpdesk.RequestID{b.request})
	})
}
