// Package seal encrypts fields before they reach a database, and wraps keys before they reach the key store. It holds
// no key for longer than a call and knows nothing of what it seals.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// keySize is that of AES-256.
const keySize = 32

// layout is the first byte of everything sealed; another layout gets another number.
const layout = 1

// ErrOpen: the sealed bytes are not of this key and place, or were changed. It says no more on purpose.
var ErrOpen = errors.New("sealed field does not open")

// Key is a symmetric key. Like [secret.Value] it cannot be printed. The zero Key is no key: it opens nothing, and sealing
// with it panics.
type Key struct {
	// A closure, because fmt prints the unexported fields of somebody else's struct without asking their methods.
	reveal func() []byte
}

// NewKey makes a random key.
func NewKey() Key {
	b := make([]byte, keySize)
	rand.Read(b) // never fails: it would end the process instead
	return newKey(b)
}

// newKey keeps b.
func newKey(b []byte) Key { return Key{reveal: func() []byte { return b }} }

// KeyFromBytes takes a key's bytes as [Key.Bytes] gave them.
func KeyFromBytes(b []byte) (Key, error) {
	if len(b) != keySize {
		return Key{}, fmt.Errorf("read key: %d bytes instead of %d", len(b), keySize)
	}
	return newKey(bytes.Clone(b)), nil
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.reveal == nil }

// Equal reports whether two keys are the same, in constant time.
func (k Key) Equal(other Key) bool {
	return !k.IsZero() && !other.IsZero() && subtle.ConstantTimeCompare(k.reveal(), other.reveal()) == 1
}

// Bytes are a copy of the key itself, to be wrapped.
func (k Key) Bytes() []byte { return bytes.Clone(k.reveal()) }

// Derive makes a key for one purpose, so that no key has two.
func (k Key) Derive(purpose string) Key {
	b, err := hkdf.Key(sha256.New, k.reveal(), nil, "echo/1/"+purpose, keySize)
	if err != nil { // only for lengths that SHA-256 cannot give
		panic("seal: derive key: " + err.Error())
	}
	return newKey(b)
}

// Format implements [fmt.Formatter]: no verb prints a key.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// MarshalText implements [encoding.TextMarshaler].
func (Key) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// LogValue implements [slog.LogValuer].
func (Key) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// AD is the associated data of a sealed field: the place where it stands. Moved anywhere else it does not open.
type AD struct{ Workspace, Table, Column, Row string }

// encode is unambiguous: every part is preceded by its length.
func (ad AD) encode() []byte {
	b := []byte("echo/1")
	for _, part := range []string{ad.Workspace, ad.Table, ad.Column, ad.Row} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // our own ids and names
		b = append(b, part...)
	}
	return b
}

// Seal encrypts plain with AES-256-GCM and a random nonce, bound to ad: layout byte, nonce, ciphertext, tag.
func (k Key) Seal(plain []byte, ad AD) []byte {
	return k.aead().Seal([]byte{layout}, nil, plain, ad.encode())
}

// Open decrypts what [Key.Seal] made for the same place. Every failure is [ErrOpen].
func (k Key) Open(sealed []byte, ad AD) ([]byte, error) {
	if k.IsZero() || len(sealed) == 0 || sealed[0] != layout {
		return nil, ErrOpen
	}
	plain, err := k.aead().Open(nil, nil, sealed[1:], ad.encode())
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}

func (k Key) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.reveal())
	if err != nil {
		panic("seal: " + err.Error()) // only for a wrong key size
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("seal: " + err.Error()) // only for a block that is not AES
	}
	return gcm
}
