package seal

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
)

// Context is what a key is wrapped for. A wrapped key opens only with the same one.
type Context struct{ Purpose, Workspace string }

// Wrapper encrypts small secrets under a key that never leaves it. There are two: [Local], and [KMS] in production.
type Wrapper interface {
	// Generate makes a key, and wraps it.
	Generate(ctx context.Context, c Context) (key Key, wrapped []byte, err error)
	Wrap(ctx context.Context, c Context, plain []byte) ([]byte, error)
	Unwrap(ctx context.Context, c Context, wrapped []byte) ([]byte, error)
}

// localPrefix marks what Local wrapped, so that another wrapper's blob is refused by name.
var localPrefix = []byte("local:")

// Local wraps under a key from a file, for one machine.
type Local struct{ key Key }

var errNoKey = errors.New("open LOCAL_KMS_KEY_FILE: it must hold 32 random bytes in base64")

// OpenLocal reads the file: 32 random bytes, base64. With strict it refuses a file that others can read.
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
	raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		return nil, errNoKey
	}
	key, err := KeyFromBytes(raw)
	if err != nil {
		return nil, errNoKey
	}
	return &Local{key: key}, nil
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
	return append(bytes.Clone(localPrefix), l.key.Seal(plain, c.ad())...), nil
}

// Unwrap implements [Wrapper].
func (l *Local) Unwrap(_ context.Context, c Context, wrapped []byte) ([]byte, error) {
	sealed, ok := bytes.CutPrefix(wrapped, localPrefix)
	if !ok {
		return nil, fmt.Errorf("unwrap %s: not wrapped by the local key file: %w", c.Purpose, ErrOpen)
	}
	plain, err := l.key.Open(sealed, c.ad())
	if err != nil {
		return nil, fmt.Errorf("unwrap %s: %w", c.Purpose, err)
	}
	return plain, nil
}
