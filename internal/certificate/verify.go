package certificate

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Why a document is refused.
var (
	ErrForm      = errors.New("not a whole certificate: it was cut off, changed or never was one")
	ErrVersion   = errors.New("certificate of a later form: use a newer echosynch")
	ErrKey       = errors.New("signed with another key than the one given")
	ErrSignature = errors.New("the signature does not fit: something was changed after it was signed")
	ErrChain     = errors.New("the certificates are no unbroken chain")
)

// Verify checks a document against the one of some public keys that it names, and returns what it certifies. Every byte of
// it counts.
func Verify(doc []byte, keys ...ed25519.PublicKey) (c Certificate, err error) {
	var outer struct {
		Certificate json.RawMessage `json:"certificate"`
		Signature   string          `json:"signature"`
	}
	if err := strictly(doc, &outer); err != nil {
		return c, err
	}
	var form struct {
		Version int    `json:"version"`
		Key     string `json:"key"`
	}
	if json.Unmarshal(outer.Certificate, &form) != nil {
		return c, ErrForm
	}
	if form.Version > Version {
		return c, ErrVersion
	}
	named := slices.IndexFunc(keys, func(key ed25519.PublicKey) bool { return form.Key == KeyID(key) })
	if named < 0 {
		var given []string
		for _, key := range keys {
			given = append(given, KeyID(key))
		}
		return c, fmt.Errorf("%w: it names %q, given is %q", ErrKey, form.Key, given)
	}
	signature, err := encoding.DecodeString(outer.Signature)
	if err != nil || !ed25519.Verify(keys[named], signed(outer.Certificate), signature) {
		return c, ErrSignature
	}
	if err := strictly(outer.Certificate, &c); err != nil {
		return c, err
	}
	canonical, err := c.canonical()
	if err != nil || c.Version != Version || !bytes.Equal(canonical, outer.Certificate) || !bytes.Equal(document(canonical, signature), doc) {
		return Certificate{}, ErrForm
	}
	return c, nil
}

// strictly decodes one JSON value without fields that v does not have, and nothing after it.
func strictly(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(v) != nil {
		return ErrForm
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrForm
	}
	return nil
}

// VerifyChain checks that verified certificates, in any order, are successive ones of one workspace.
func VerifyChain(chain []Certificate) error {
	chain = slices.Clone(chain)
	slices.SortFunc(chain, func(a, b Certificate) int { return int(a.Number - b.Number) })
	for i, c := range chain {
		if i == 0 {
			continue
		}
		before := chain[i-1]
		if c.Workspace != before.Workspace {
			return fmt.Errorf("%w: numbers %d and %d are of two workspaces", ErrChain, before.Number, c.Number)
		}
		if c.Number != before.Number+1 {
			return fmt.Errorf("%w: after number %d comes %d", ErrChain, before.Number, c.Number)
		}
		link, err := before.Hash()
		if err != nil {
			return err
		}
		if c.Previous != link {
			return fmt.Errorf("%w: number %d does not name number %d as the one before it", ErrChain, c.Number, before.Number)
		}
	}
	return nil
}
