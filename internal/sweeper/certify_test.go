package sweeper_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// chain are the certificates of the workspace, verified one by one and as a chain.
func (b *bundle) chain(t *testing.T) (chain []certificate.Certificate) {
	t.Helper()
	var ids []helpdesk.CertificateID
	b.in(t, func(ctx context.Context, tx *postgres.Tx) (err error) {
		ids, err = tx.CertificateIDs(ctx)
		return err
	})
	for _, id := range ids {
		document, err := b.Store.Certificate(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		c, err := certificate.Verify(document, b.Signer.Public())
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, c)
	}
	if err := certificate.VerifyChain(chain); err != nil {
		t.Error(err)
	}
	return chain
}

// Scrubs of a UTC day share a certificate once the day is over, each other erasure has its own at once; what is repeated
// counts once.
func TestCertificates(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []helpdesk.RequestID
	for n := range 6 {
		ids = append(ids, b.request(t, fmt.Sprintf("1.00000%d", n)))
	}
	day := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		for range 2 {
			if err := tx.Scrub(ctx, day.Add(time.Hour), ids[0], ids[1]); err != nil {
				return err
			}
			if err := tx.Scrub(ctx, day.Add(23*time.Hour), ids[2]); err != nil {
				return err
			}
			if err := tx.DeleteText(ctx, ids[3], helpdesk.ScopeDeletion, day.Add(2*time.Hour)); err != nil {
				return err
			}
			if err := tx.DeleteText(ctx, ids[0], helpdesk.ScopeNotRequest, day.Add(3*time.Hour)); err != nil { // its text was gone
				return err
			}
		}
		return nil
	})
	b.now = day.Add(23*time.Hour + 59*time.Minute)
	for range 2 {
		if err := b.Certify(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	chain := b.chain(t)
	if len(chain) != 2 || chain[0].Scope != helpdesk.ScopeDeletion || chain[0].Counts["texts"] != 1 || chain[0].Counts["summaries"] != 1 ||
		chain[1].Scope != helpdesk.ScopeNotRequest || chain[1].Counts["texts"] != 0 || chain[1].Counts["summaries"] != 1 {
		t.Errorf("before the day is over: %+v", chain)
	}
	b.now = day.Add(24*time.Hour + 11*time.Minute)
	if err := b.Certify(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.Scrub(ctx, day.Add(24*time.Hour-time.Second), ids[4])
	}) // late
	b.now = day.Add(48*time.Hour + 11*time.Minute)
	if err := b.Certify(t.Context()); err != nil {
		t.Fatal(err)
	}
	chain = b.chain(t)
	if len(chain) != 4 {
		t.Fatalf("%d certificates: %+v", len(chain), chain)
	}
	whole, late := chain[2], chain[3]
	if whole.Scope != helpdesk.ScopeRetention || whole.Counts["texts"] != 3 || !whole.Started.Equal(day.Add(time.Hour)) || !whole.Ended.Equal(day.Add(23*time.Hour)) {
		t.Errorf("of the day: %+v", whole)
	}
	if late.Counts["texts"] != 1 {
		t.Errorf("of what came late: %+v", late)
	}
}

// Any number of processes certify: each erasure once, in one chain.
func TestCertifiedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const n = 12
	for i := range n {
		id := b.request(t, fmt.Sprintf("1.0000%02d", i))
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			return tx.DeleteText(ctx, id, helpdesk.ScopeDeletion, b.now)
		})
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := b.Certify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if chain := b.chain(t); len(chain) != n {
		t.Errorf("%d certificates, want %d", len(chain), n)
	}
}
