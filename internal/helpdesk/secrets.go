package helpdesk

import "strings"

// SecretKind is a kind of secret that a message may hold: a constant that may stand in a workflow history. It never says
// more than the kind.
type SecretKind string

// The kinds.
const (
	SecretToken            SecretKind = "token"
	SecretPrivateKey       SecretKind = "private_key"
	SecretPassword         SecretKind = "password"
	SecretConnectionString SecretKind = "connection_string"
	SecretRecoveryCode     SecretKind = "recovery_code"
	SecretCard             SecretKind = "card"
)

// secretNames are what people read.
var secretNames = map[SecretKind]string{
	SecretToken:            "an access token or key",
	SecretPrivateKey:       "a private key",
	SecretPassword:         "a password or PIN",
	SecretConnectionString: "an address with user name and password",
	SecretRecoveryCode:     "a recovery or one-time code",
	SecretCard:             "a payment card number",
}

// SecretsSentence names kinds for the person who wrote them: "a password or PIN and a private key". A kind of a later version
// is "a secret".
func SecretsSentence(kinds []SecretKind) string {
	var names []string
	for _, k := range kinds {
		name, ok := secretNames[k]
		if !ok {
			name = "a secret"
		}
		names = append(names, name)
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
