package seal_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/seal"
)

var purpose = seal.Context{Purpose: "workspace-key", Workspace: "w"}

// keyFile writes a key file of the given text and mode.
func keyFile(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// randomLine is a line of a key file.
func randomLine() string { return base64.StdEncoding.EncodeToString(seal.NewKey().Bytes()) + "\n" }

func local(t *testing.T) *seal.Local {
	t.Helper()
	l, err := seal.OpenLocal(keyFile(t, randomLine(), 0o600), true)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOpenLocal(t *testing.T) {
	t.Parallel()
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), 32))
	for name, tt := range map[string]struct {
		text   string
		mode   os.FileMode
		strict bool
		want   string // part of the error
	}{
		"private":               {key, 0o600, true, ""},
		"read-only":             {key, 0o400, true, ""},
		"group reads":           {key, 0o640, true, "mode 0640"},
		"others read":           {key, 0o604, true, "mode 0604"},
		"others read, in dev":   {key, 0o644, false, ""},
		"white space around":    {"\n " + key + "\n\n", 0o600, true, ""},
		"empty":                 {"", 0o600, true, "32 random bytes"},
		"not base64":            {"not base64 at all", 0o600, true, "32 random bytes"},
		"half a key":            {key[:22] + "==", 0o600, true, "32 random bytes"},
		"two keys, one a line":  {key + "\n" + key, 0o600, true, ""},
		"a half second key":     {key + "\n" + key[:22] + "==", 0o600, true, "32 random bytes"},
		"three keys":            {key + "\n" + key + "\n" + key, 0o600, true, "32 random bytes"},
		"hexadecimal, not this": {strings.Repeat("ab", 32), 0o600, true, "32 random bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := seal.OpenLocal(keyFile(t, tt.text, tt.mode), tt.strict)
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want == "":
				if s := fmt.Sprintf("%v %+v %#v", *l, *l, *l); strings.Contains(s, "107 107") || strings.Contains(s, "0x6b, 0x6b") {
					t.Error("the key of the file was printed")
				}
			case err == nil || !strings.Contains(err.Error(), tt.want):
				t.Errorf("got %v, want %q in it", err, tt.want)
			case tt.text != "" && strings.Contains(err.Error(), tt.text):
				t.Error("the error quotes the file")
			}
		})
	}
	if _, err := seal.OpenLocal(filepath.Join(t.TempDir(), "none"), true); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
