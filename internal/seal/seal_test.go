package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/seal"
)

var place = seal.AD{Workspace: "w", Table: "request", Column: "text", Row: "r"}

func TestSealedOpensInItsPlace(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	for _, plain := range []string{"", "VPN drops every ten minutes", strings.Repeat("é", 1<<16)} {
		sealed := key.Seal([]byte(plain), place)
		if plain != "" && bytes.Contains(sealed, []byte(plain)) {
			t.Error("the text stands in what was sealed")
		}
		if got, err := key.Open(sealed, place); err != nil || string(got) != plain {
			t.Errorf("%d bytes: opened %d bytes, %v", len(plain), len(got), err)
		}
	}
}

func TestSealingTwiceDiffers(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	if bytes.Equal(key.Seal([]byte("same"), place), key.Seal([]byte("same"), place)) {
		t.Error("a nonce was used twice")
	}
}

func TestMovedDoesNotOpen(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	sealed := key.Seal([]byte("text"), place)
	for name, ad := range map[string]seal.AD{
		"workspace":       {Workspace: "x", Table: "request", Column: "text", Row: "r"},
		"table":           {Workspace: "w", Table: "inbox", Column: "text", Row: "r"},
		"column":          {Workspace: "w", Table: "request", Column: "summary", Row: "r"},
		"row":             {Workspace: "w", Table: "request", Column: "text", Row: "s"},
		"nowhere":         {},
		"shifted border":  {Workspace: "wr", Table: "equest", Column: "text", Row: "r"},
		"swapped columns": {Workspace: "w", Table: "text", Column: "request", Row: "r"},
	} {
		if plain, err := key.Open(sealed, ad); plain != nil || !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: opened %q, %v", name, plain, err)
		}
	}
}

func TestChangedDoesNotOpen(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	sealed := key.Seal([]byte("text"), place)
	for i := range sealed {
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			if plain, err := key.Open(changed, place); plain != nil || !errors.Is(err, seal.ErrOpen) {
				t.Errorf("bit %d of byte %d: opened %q, %v", bit, i, plain, err)
			}
		}
		if plain, err := key.Open(sealed[:i], place); plain != nil || !errors.Is(err, seal.ErrOpen) {
			t.Errorf("cut to %d bytes: opened %q, %v", i, plain, err)
		}
	}
	if _, err := key.Open(append(sealed, 0), place); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("one byte more: %v", err)
	}
}

func TestAnotherKeyDoesNotOpen(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	sealed := key.Seal([]byte("text"), place)
	for name, other := range map[string]seal.Key{
		"random": seal.NewKey(), "derived": key.Derive("other"), "none": {},
	} {
		if plain, err := other.Open(sealed, place); plain != nil || !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: opened %q, %v", name, plain, err)
		}
	}
}

func TestSealingWithNoKeyPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("the zero key sealed")
		}
	}()
	seal.Key{}.Seal([]byte("text"), place)
}

func TestDerivedKeysAreStableAndDiffer(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	one, again, two := key.Derive("one").Bytes(), key.Derive("one").Bytes(), key.Derive("two").Bytes()
	if !bytes.Equal(one, again) || bytes.Equal(one, two) || bytes.Equal(one, key.Bytes()) {
		t.Error("a derived key must depend on its purpose and on nothing else")
	}
}

func TestKeyFromBytes(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := seal.KeyFromBytes(make([]byte, n)); err == nil {
			t.Errorf("took %d bytes for a key", n)
		}
	}
	key := seal.NewKey()
	raw := key.Bytes()
	same, err := seal.KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	clear(raw) // neither key may notice
	if _, err := same.Open(key.Seal(nil, place), place); err != nil {
		t.Error(err)
	}
}

// A key stays hidden where fmt cannot ask it, too: in an unexported field of somebody else's struct.
func TestKeyIsNeverPrinted(t *testing.T) {
	t.Parallel()
	raw := []byte("0123456789abcdef0123456789abcdef")
	key, err := seal.KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Exported seal.Key
		hidden   seal.Key
	}
	var out bytes.Buffer
	for _, v := range []any{key, &key, []seal.Key{key}, map[string]seal.Key{"k": key}, holder{key, key}, &holder{key, key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", v)
	}
	for _, form := range []string{"%s", "%x", "%X", "%d", "%v", "% x", "%q"} {
		part := strings.Trim(fmt.Sprintf(form, raw[:8]), `[]"`)
		if strings.Contains(out.String(), part) {
			t.Errorf("the key was printed as %s", form)
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("nothing says that a key was left out")
	}
}

func FuzzOpen(f *testing.F) {
	key := seal.NewKey()
	f.Add([]byte{}, "", "")
	f.Add([]byte{1}, "w", "r")
	f.Add(key.Seal([]byte("text"), place), "w", "x")
	f.Fuzz(func(t *testing.T, sealed []byte, workspace, row string) {
		ad := seal.AD{Workspace: workspace, Table: "request", Column: "text", Row: row}
		if plain, err := key.Open(sealed, ad); ad != place && (plain != nil || !errors.Is(err, seal.ErrOpen)) {
			t.Errorf("opened %q, %v", plain, err)
		}
		if plain, err := key.Open(key.Seal(sealed, ad), ad); err != nil || !bytes.Equal(plain, sealed) {
			t.Errorf("sealed %q, opened %q, %v", sealed, plain, err)
		}
	})
}

func BenchmarkSealAndOpen(b *testing.B) {
	key, plain := seal.NewKey(), make([]byte, 2048)
	for b.Loop() {
		if _, err := key.Open(key.Seal(plain, place), place); err != nil {
			b.Fatal(err)
		}
	}
}
