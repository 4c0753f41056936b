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
	former []ed25519.PublicKey
	sign   func(message []byte) []byte
}

// NewSigner makes a signer from the 32 bytes that a key is derived from, and those of the keys that it has replaced.
func NewSigner(seed []byte, former ...[]byte) (s Signer, err error) {
	private, err := privateKey(seed)
	if err != nil {
		return s, err
	}
	s = Signer{public: publicKey(private), sign: func(message []byte) []byte { return ed25519.Sign(private, message) }}
	for _, seed := range former {
		private, err := privateKey(seed)
		if err != nil {
			return Signer{}, err
		}
		s.former = append(s.former, publicKey(private))
	}
	return s, nil
}

func privateKey(seed []byte) (ed25519.PrivateKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("make signer: a seed has %d bytes, not %d", ed25519.SeedSize, len(seed))
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func publicKey(private ed25519.PrivateKey) ed25519.PublicKey {
	public, _ := private.Public().(ed25519.PublicKey) // it is one
	return public
}

// Public is the key that checks what the signer signs.
func (s Signer) Public() ed25519.PublicKey { return s.public }

// Published are the keys that check what the signer signs, and what was signed before its key was replaced.
func (s Signer) Published() []ed25519.PublicKey {
	return append([]ed25519.PublicKey{s.public}, s.former...)
}

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

// PEM is how public keys are published: one block each.
func PEM(keys ...ed25519.PublicKey) (doc []byte, err error) {
	for _, key := range keys {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			return nil, fmt.Errorf("encode public key: %w", err)
		}
		doc = append(doc, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	}
	return doc, nil
}

// ErrPublicKey: neither of the forms of a public key.
var ErrPublicKey = errors.New("not an Ed25519 public key: want PEM, or base64 of its 32 bytes")

// ParsePublicKeys reads public keys as [PEM] writes them, or one in base64 of its 32 bytes.
func ParsePublicKeys(b []byte) (keys []ed25519.PublicKey, err error) {
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		key, ok := parsed.(ed25519.PublicKey)
		if err != nil || !ok {
			return nil, ErrPublicKey
		}
		keys = append(keys, key)
	}
	if keys != nil {
		return keys, nil
	}
	raw, err := encoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, ErrPublicKey
	}
	return []ed25519.PublicKey{raw}, nil
}
