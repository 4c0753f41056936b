package keystore_test

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/kmssim"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// While KMS is down deliveries are stored, keys in memory go on working, keys are destroyed; what needs KMS fails in a way
// that is tried again, and works when KMS is back.
func TestKMSDown(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
	for name, fail := range map[string]func(*kmssim.Server) (end func()){
		"fails": func(s *kmssim.Server) func() {
			s.Fail(true, false)
			return func() { s.Fail(false, false) }
		},
		"denies": func(s *kmssim.Server) func() {
			s.Fail(false, true)
			return func() { s.Fail(false, false) }
		},
		"hangs": (*kmssim.Server).Hang,
	} {
		t.Run(name, func(t *testing.T) {
			sim := kmssim.New()
			server := httptest.NewServer(sim)
			t.Cleanup(server.Close)
			wrapper, err := seal.OpenKMS(t.Context(), kmssim.KeyID, server.URL)
			must(t, err)
			url, _ := postgrestest.Keystore(t)
			open := func() *keystore.Store {
				s, err := keystore.Open(t.Context(), url, wrapper)
				must(t, err)
				t.Cleanup(s.Close)
				return s
			}
			warm, cold := open(), open() // two processes: one has used the workspace
			ctx, now := t.Context(), time.Now()
			ws, request, text := helpdesk.NewWorkspaceID(now), helpdesk.NewRequestID(), seal.NewKey()
			must(t, warm.CreateWorkspaceKey(ctx, ws))
			must(t, warm.CreateRequestKeys(ctx, ws, request, text))

			end := fail(sim)
			t.Cleanup(end)
			brief, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			if _, err := cold.RequestKeys(brief, ws, request); err == nil || errors.Is(err, helpdesk.ErrErased) || errors.Is(err, seal.ErrOpen) {
				t.Errorf("a key that is not in memory: %v", err)
			}
			calls := sim.Calls("Decrypt") + sim.Calls("Encrypt") + sim.Calls("GenerateDataKey")
			for _, s := range []*keystore.Store{warm, cold} {
				id := helpdesk.NewInboxID(now)
				must(t, s.PutInboxKey(ctx, id, text))
				if got, err := s.InboxKey(ctx, id); err != nil || !bytes.Equal(got.Bytes(), text.Bytes()) {
					t.Errorf("the key of a delivery: %v", err)
				}
				must(t, s.DestroyInboxKeys(ctx, id))
			}
			if got, err := warm.RequestKeys(ctx, ws, request); err != nil || !bytes.Equal(got.Text.Bytes(), text.Bytes()) {
				t.Errorf("a key in memory: %v", err)
			}
			another := helpdesk.NewRequestID()
			must(t, warm.CreateRequestKeys(ctx, ws, another, text))
			must(t, cold.DestroyTextKeys(ctx, ws, []helpdesk.RequestID{another}))
			must(t, cold.DestroyRequestKeys(ctx, ws, another, true, true))
			if _, err := warm.RequestKeys(ctx, ws, another); !errors.Is(err, helpdesk.ErrErased) {
				t.Errorf("a key that was destroyed: %v", err)
			}
			if now := sim.Calls("Decrypt") + sim.Calls("Encrypt") + sim.Calls("GenerateDataKey"); now != calls {
				t.Errorf("KMS was asked %d times", now-calls)
			}

			end()
			if got, err := cold.RequestKeys(ctx, ws, request); err != nil || !bytes.Equal(got.Text.Bytes(), text.Bytes()) {
				t.Errorf("afterwards: %v", err)
			}
			end = fail(sim)
			t.Cleanup(end)
			if _, err := cold.DestroyWorkspace(ctx, ws); err != nil {
				t.Errorf("destroy a workspace: %v", err)
			}
			for _, s := range []*keystore.Store{warm, cold} { // both have the key in memory
				if _, err := s.WorkspaceKey(ctx, ws); !errors.Is(err, helpdesk.ErrErased) {
					t.Errorf("a workspace that was destroyed: %v", err)
				}
			}
			if n, err := warm.Census(ctx, ws); err != nil || n != 0 {
				t.Errorf("%d keys left, %v", n, err)
			}
		})
	}
}
