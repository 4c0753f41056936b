// Package kmssim is a stand-in for AWS KMS that speaks its HTTP protocol: GenerateDataKey, Encrypt and Decrypt with an
// encryption context, which it enforces as KMS does. It holds two keys, checks no signature, and can be told to fail.
package kmssim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// KeyID is the id of the key in use, OtherKeyID that of one that replaces it or that it has replaced.
const (
	KeyID      = "alias/echo-synch"
	OtherKeyID = "alias/echo-synch-other"
)

// ARN is how KMS names a key in its answers.
func ARN(keyID string) string { return "arn:aws:kms:eu-central-1:111122223333:key/" + keyID }

// maxPlain is what KMS encrypts at most.
const maxPlain = 4096

// Server is a running KMS.
type Server struct {
	keys map[string]key // by id

	mu     sync.Mutex
	down   bool
	denied bool
	hung   chan struct{} // while calls hang; closed when they go on
	calls  map[string]int
	seen   []map[string]string
}

type key struct {
	cipher.AEAD
	mark []byte // how its blobs begin
}

// New makes a KMS with fresh keys.
func New() *Server {
	return &Server{keys: map[string]key{KeyID: newKey(1), OtherKeyID: newKey(2)}, calls: make(map[string]int)}
}

func newKey(number byte) key {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails: it would end the process instead
	block, err := aes.NewCipher(raw)
	if err != nil {
		panic("kmssim: " + err.Error()) // only for a wrong key size
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("kmssim: " + err.Error()) // only for a block that is not AES
	}
	return key{aead, []byte{1, 2, 2, number}}
}

// Fail makes every later call fail, as an outage does or a policy that denies it.
func (s *Server) Fail(down, denied bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down, s.denied = down, denied
}

// Hang makes every later call wait, until its caller gives up or the returned function is called.
func (s *Server) Hang() (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hung := make(chan struct{})
	s.hung = hung
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hung = nil
		close(hung)
	})
}

// Calls is how often an operation was called.
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// Contexts are the encryption contexts that calls have named; KMS writes them to its log in clear.
func (s *Server) Contexts() []map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]map[string]string(nil), s.seen...)
}

type request struct {
	KeyID             string            `json:"KeyId"`
	KeySpec           string            `json:"KeySpec"`
	Plaintext         []byte            `json:"Plaintext"`
	CiphertextBlob    []byte            `json:"CiphertextBlob"`
	EncryptionContext map[string]string `json:"EncryptionContext"`
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	var in request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, "SerializationException")
		return
	}
	s.mu.Lock()
	down, denied, hung := s.down, s.denied, s.hung
	s.calls[operation]++
	s.seen = append(s.seen, in.EncryptionContext)
	s.mu.Unlock()
	if hung != nil {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server hears that the caller gave up
		select {
		case <-hung:
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case down:
		http.Error(w, "<html>Service Unavailable</html>", http.StatusServiceUnavailable)
		return
	case denied:
		refuse(w, "AccessDeniedException")
		return
	}
	key, ok := s.keys[in.KeyID]
	if !ok {
		refuse(w, "NotFoundException")
		return
	}
	ad, err := json.Marshal(in.EncryptionContext) // keys are sorted
	if err != nil {
		refuse(w, "SerializationException")
		return
	}
	switch operation {
	case "GenerateDataKey":
		if in.KeySpec != "AES_256" {
			refuse(w, "ValidationException")
			return
		}
		in.Plaintext = make([]byte, 32)
		rand.Read(in.Plaintext)
		answer(w, map[string]any{"KeyId": ARN(in.KeyID), "Plaintext": in.Plaintext, "CiphertextBlob": key.seal(in.Plaintext, ad)})
	case "Encrypt":
		if len(in.Plaintext) == 0 || len(in.Plaintext) > maxPlain {
			refuse(w, "ValidationException")
			return
		}
		answer(w, map[string]any{"KeyId": ARN(in.KeyID), "CiphertextBlob": key.seal(in.Plaintext, ad)})
	case "Decrypt":
		if len(in.CiphertextBlob) > len(key.mark) && !bytes.HasPrefix(in.CiphertextBlob, key.mark) {
			refuse(w, "IncorrectKeyException")
			return
		}
		plain, err := key.open(in.CiphertextBlob, ad)
		if err != nil {
			refuse(w, "InvalidCiphertextException")
			return
		}
		answer(w, map[string]any{"KeyId": ARN(in.KeyID), "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
	default:
		refuse(w, "UnknownOperationException")
	}
}

func (k key) seal(plain, ad []byte) []byte { return k.Seal(bytes.Clone(k.mark), nil, plain, ad) }

func (k key) open(blob, ad []byte) ([]byte, error) {
	sealed, _ := bytes.CutPrefix(blob, k.mark)
	return k.Open(nil, nil, sealed, ad)
}

func answer(w http.ResponseWriter, body map[string]any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

func refuse(w http.ResponseWriter, kind string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": "refused"}) // the client may be gone
}
