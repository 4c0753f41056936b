package certificate

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// domain keeps a signature from being taken for one of something else.
const domain = "echo-synch certificate 1\n"

// Signer signs certificates. The zero Signer refuses to. It prints no key: only a function knows it.
type Signer struct {
	public ed25519.PublicKey
	sign   func(message []byte) []byte
}

// NewSigner makes a signer from the 32 bytes that a key is derived from.
func NewSigner(seed []byte) (Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return Signer{}, fmt.Errorf("make signer: a seed has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	private := ed25519.NewKeyFromSeed(seed)
	public, _ := private.Public().(ed25519.PublicKey) // it is one
	return Signer{public, func(message []byte) []byte { return ed25519.Sign(private, message) }}, nil
}

// Public is the key that checks what the signer has signed.
func (s Signer) Public() ed25519.PublicKey { return s.public }

// Issued is a signed certificate.
type Issued struct {
	Document []byte // as it is published
	Hash     string // what the next one of the chain names
}

// ErrNoKey: there is nothing to sign with.
var ErrNoKey = errors.New("no key to sign certificates with")

// Issue signs c, filling in version and key.
func (s Signer) Issue(c Certificate) (Issued, error) {
	if s.sign == nil {
		return Issued{}, ErrNoKey
	}
	c.Version, c.Key = Version, KeyID(s.public)
	b, err := c.canonical()
	if err != nil {
		return Issued{}, err
	}
	return Issued{Document: document(b, s.sign(signed(b))), Hash: hash(b)}, nil
}

func signed(canonical []byte) []byte { return append([]byte(domain), canonical...) }

// document is what is published: the certificate's own bytes, and the signature.
func document(canonical, signature []byte) []byte {
	return fmt.Appendf(nil, `{"certificate":%s,"signature":"%s"}`+"\n", canonical, encoding.EncodeToString(signature))
}

// encoding is strict, so that a signature has one form.
var encoding = base64.StdEncoding.Strict()

// KeyID names a public key.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// PEM is how a public key is published.
func PEM(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// ErrPublicKey: neither of the forms of a public key.
var ErrPublicKey = errors.New("not an Ed25519 public key: want PEM, or base64 of its 32 bytes")

// ParsePublicKey reads a public key as [PEM] writes it, or base64 of its 32 bytes.
func ParsePublicKey(b []byte) (ed25519.PublicKey, error) {
	if block, _ := pem.Decode(b); block != nil {
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if key, ok := parsed.(ed25519.PublicKey); err == nil && ok {
			return key, nil
		}
		return nil, ErrPublicKey
	}
	raw, err := encoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, ErrPublicKey
	}
	return raw, nil
}
