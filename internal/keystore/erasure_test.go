package keystore

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// An erasure takes the key out of memory as well as out of the table, and no other key with it.
func TestAnErasureEmptiesTheCache(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(seal.NewKey().Bytes())), 0o600); err != nil {
		t.Fatal(err)
	}
	wrapper, err := seal.OpenLocal(file, true)
	if err != nil {
		t.Fatal(err)
	}
	url, _ := postgrestest.Keystore(t)
	s, err := Open(t.Context(), url, wrapper)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	gone, kept := helpdesk.NewWorkspaceID(time.Now()), helpdesk.NewWorkspaceID(time.Now())
	for _, id := range []helpdesk.WorkspaceID{gone, kept} {
		if err := s.CreateWorkspaceKey(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if _, err := s.WorkspaceKey(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.DestroyWorkspace(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	for k := range s.cache.keys {
		if k.workspace != kept {
			t.Error("an erased key is in memory")
		}
	}
	if len(s.cache.keys) == 0 {
		t.Error("another workspace's key went with it")
	}
}
