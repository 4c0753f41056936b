package gemini

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/echo-synch/echo-synch/internal/secret"
)

// What is wrong with a key, or with a project; none says what stands in it.
var (
	ErrKeySize    = errors.New("is longer than 8 KB: that is no key of a service account")
	ErrKeyForm    = errors.New("is not the JSON of a service account's key, as Google Cloud makes it")
	ErrKeyType    = errors.New("is not of type service_account; no other kind of credentials is taken")
	ErrKeyPlace   = errors.New("belongs to another universe than googleapis.com")
	ErrKeyPrivate = errors.New("holds no RSA private key of at least 2048 bits")
	ErrProject    = errors.New("is no Google Cloud project id: 6 to 30 lower-case letters, digits and hyphens, a letter first")
)

const (
	maxKey   = 8 << 10
	minBits  = 2048
	tokenURI = "https://oauth2.googleapis.com/token"
)

var projectID = regexp.MustCompile(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`)

// CheckProject refuses what is no id of a project: [ErrProject].
func CheckProject(id string) error {
	if !projectID.MatchString(id) {
		return ErrProject
	}
	return nil
}

// serviceAccount is a key as Google makes it; a field that is not here is refused.
type serviceAccount struct {
	Type           string `json:"type"`
	ProjectID      string `json:"project_id"`
	PrivateKeyID   string `json:"private_key_id"`
	PrivateKey     string `json:"private_key"`
	ClientEmail    string `json:"client_email"`
	ClientID       string `json:"client_id"`
	AuthURI        string `json:"auth_uri,omitempty"`
	TokenURI       string `json:"token_uri"`
	AuthCert       string `json:"auth_provider_x509_cert_url,omitempty"`
	ClientCert     string `json:"client_x509_cert_url,omitempty"`
	UniverseDomain string `json:"universe_domain,omitempty"`
}

// ParseKey reads a customer's service-account key strictly and gives what is kept of it: the account and its private key,
// with Google's address for tokens whatever stood there, and no other address.
func ParseKey(raw []byte) (secret.Value, error) {
	if len(raw) > maxKey {
		return secret.Value{}, ErrKeySize
	}
	var key serviceAccount
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&key); err != nil {
		return secret.Value{}, ErrKeyForm
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return secret.Value{}, ErrKeyForm
	}
	switch {
	case key.Type != "service_account":
		return secret.Value{}, ErrKeyType
	case key.UniverseDomain != "" && key.UniverseDomain != "googleapis.com":
		return secret.Value{}, ErrKeyPlace
	case !strings.HasSuffix(key.ClientEmail, ".iam.gserviceaccount.com") || key.PrivateKeyID == "":
		return secret.Value{}, ErrKeyForm
	case !private(key.PrivateKey):
		return secret.Value{}, ErrKeyPrivate
	}
	kept, err := json.Marshal(serviceAccount{
		Type: key.Type, ProjectID: key.ProjectID, PrivateKeyID: key.PrivateKeyID, PrivateKey: key.PrivateKey,
		ClientEmail: key.ClientEmail, ClientID: key.ClientID, TokenURI: tokenURI,
	})
	if err != nil {
		return secret.Value{}, ErrKeyForm
	}
	return secret.New(string(kept)), nil
}

// redirected is a key with another address for tokens.
func redirected(key secret.Value, tokens string) string {
	return strings.Replace(key.Reveal(), `"token_uri":"`+tokenURI+`"`, `"token_uri":"`+tokens+`"`, 1)
}

// private reports whether a PEM holds one RSA key that is long enough.
func private(text string) bool {
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return false
	}
	if parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		key, ok := parsed.(*rsa.PrivateKey)
		return ok && key.N.BitLen() >= minBits
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	return err == nil && key.N.BitLen() >= minBits
}
