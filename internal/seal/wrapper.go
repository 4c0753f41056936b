package seal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Context is what a key is wrapped for. A wrapped key opens only with the same one.
type Context struct{ Purpose, Workspace string }

// Wrapper encrypts small secrets under a key that never leaves it. There are two: [Local], and [KMS] in production. While
// that key is being replaced, a wrapper holds the older one too, which opens and no longer wraps.
type Wrapper interface {
	// Generate makes a key, and wraps it.
	Generate(ctx context.Context, c Context) (key Key, wrapped []byte, err error)
	Wrap(ctx context.Context, c Context, plain []byte) ([]byte, error)
	Unwrap(ctx context.Context, c Context, wrapped []byte) ([]byte, error)
	// Under opens what was wrapped and names the wrapping key that did it; current is true for the one that wraps.
	Under(ctx context.Context, c Context, wrapped []byte) (name string, current bool, err error)
}

// localPrefix marks what Local wrapped, so that another wrapper's blob is refused by name.
var localPrefix = []byte("local:")

// Local wraps under a key from a file, for one machine.
type Local struct{ keys []Key } // the first one wraps, both open

var errNoKey = errors.New("open LOCAL_KMS_KEY_FILE: it must hold 32 random bytes in base64; while they are replaced the older ones, on a second line, too")

// OpenLocal reads the file: 32 random bytes, base64; on a second line those that they replace. With strict it refuses a
// file that others can read.
func OpenLocal(path string, strict bool) (*Local, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open LOCAL_KMS_KEY_FILE: %w; make one with: head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE", err)
	}
	if mode := info.Mode().Perm(); strict && mode&0o077 != 0 {
		return nil, fmt.Errorf("open LOCAL_KMS_KEY_FILE: mode %04o lets others read it; chmod 600 it", mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open LOCAL_KMS_KEY_FILE: %w", err)
	}
	lines := strings.Fields(string(text))
	if len(lines) == 0 || len(lines) > 2 {
		return nil, errNoKey
	}
	l := &Local{}
	for _, line := range lines {
		raw, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, errNoKey
		}
		key, err := KeyFromBytes(raw)
		if err != nil {
			return nil, errNoKey
		}
		l.keys = append(l.keys, key)
	}
	return l, nil
}

func (c Context) ad() AD { return AD{Workspace: c.Workspace, Table: "wrap", Column: c.Purpose} }

// Generate implements [Wrapper].
func (l *Local) Generate(ctx context.Context, c Context) (Key, []byte, error) {
	key := NewKey()
	wrapped, err := l.Wrap(ctx, c, key.Bytes())
	return key, wrapped, err
}

// Wrap implements [Wrapper].
func (l *Local) Wrap(_ context.Context, c Context, plain []byte) ([]byte, error) {
	return append(bytes.Clone(localPrefix), l.keys[0].Seal(plain, c.ad())...), nil
}

// Unwrap implements [Wrapper].
func (l *Local) Unwrap(_ context.Context, c Context, wrapped []byte) ([]byte, error) {
	plain, _, err := l.open(c, wrapped)
	return plain, err
}

// Under implements [Wrapper]. The name is derived from the key and tells nothing about it.
func (l *Local) Under(_ context.Context, c Context, wrapped []byte) (name string, current bool, err error) {
	_, i, err := l.open(c, wrapped)
	if err != nil {
		return "", false, err
	}
	return "local:" + hex.EncodeToString(l.keys[i].Derive("name").reveal()[:4]), i == 0, nil
}

func (l *Local) open(c Context, wrapped []byte) (plain []byte, key int, err error) {
	sealed, ok := bytes.CutPrefix(wrapped, localPrefix)
	if !ok {
		return nil, 0, fmt.Errorf("unwrap %s: not wrapped by the local key file: %w", c.Purpose, ErrOpen)
	}
	for i, k := range l.keys {
		if plain, err = k.Open(sealed, c.ad()); err == nil {
			return plain, i, nil
		}
	}
	return nil, 0, fmt.Errorf("unwrap %s: %w", c.Purpose, err)
}

// Rewrap wraps under the current wrapping key what an older one has wrapped; changed is false where there is nothing to do.
func Rewrap(ctx context.Context, w Wrapper, c Context, wrapped []byte) (again []byte, changed bool, err error) {
	if _, current, err := w.Under(ctx, c, wrapped); err != nil || current {
		return wrapped, false, err
	}
	plain, err := w.Unwrap(ctx, c, wrapped)
	if err != nil {
		return nil, false, err
	}
	again, err = w.Wrap(ctx, c, plain)
	return again, err == nil, err
}
