// Package certificate is the signed proof of an erasure: what was destroyed, when, and what the proof does not cover. It
// holds ids of ours, enums, times and counts. A certificate has one form of bytes, its canonical JSON; the certificates of
// a workspace form a chain, each naming the hash of the one before it, so that none can be left out or slipped in. Anybody
// who has the public key can check one without us.
package certificate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Version of the form. Another form gets another number.
const Version = 1

// Certificate is what is signed. The order of the fields is part of the form.
type Certificate struct {
	Version   int                    `json:"version"`
	ID        helpdesk.CertificateID `json:"id"`
	Workspace helpdesk.WorkspaceID   `json:"workspace"`
	Number    int64                  `json:"number"`   // in the chain of the workspace, from 1
	Previous  string                 `json:"previous"` // hash of the one before it; "" for the first
	Scope     helpdesk.ErasureScope  `json:"scope"`
	Started   time.Time              `json:"started"`
	Ended     time.Time              `json:"ended"`
	// Times are the named instants of a purge.
	Times      map[string]time.Time `json:"times,omitempty"`
	Counts     map[string]int64     `json:"counts"`
	NotCovered []string             `json:"not_covered"`
	Key        string               `json:"key"` // id of the public key
}

// canonical is the one form of bytes of a certificate: fields in their order, keys of maps sorted, times in UTC to the
// microsecond, no white space.
func (c Certificate) canonical() ([]byte, error) {
	c.Started, c.Ended = instant(c.Started), instant(c.Ended)
	if c.Times != nil {
		times := make(map[string]time.Time, len(c.Times))
		for name, t := range c.Times {
			times[name] = instant(t)
		}
		c.Times = times
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return nil, fmt.Errorf("encode certificate %s: %w", c.ID, err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// Hash is what the next certificate of the chain names.
func (c Certificate) Hash() (string, error) {
	b, err := c.canonical()
	if err != nil {
		return "", err
	}
	return hash(b), nil
}

func hash(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// backupsFor is how long a backup of the main database may be kept: what was sealed is in it, unreadable, until then.
const backupsFor = 7 * 24 * time.Hour

// NotCovered says what an erasure that ended at the given time does not reach.
func NotCovered(s helpdesk.ErasureScope, ended time.Time) []string {
	until := ended.Add(backupsFor).UTC().Format(time.DateOnly)
	sentences := []string{
		"Messages in Slack: they are the customer's and stay under Slack's own retention.",
		"Backups of the main database until " + until + ": what was sealed is in them, and cannot be read any more, because its key is destroyed and was never in a backup.",
	}
	switch s {
	case helpdesk.ScopePerson:
		return append(sentences,
			"The person's id of Slack in backups and in write-ahead logs until "+until+", and in dead rows until a database uses their space again; no table shows it.",
			"The person's id of Slack in Temporal's histories: of messages to them at most 24 hours, of requests that they opened or worked on until 24 hours after each has ended, which those they opened do within seven days.",
			"When, and in which channel, they opened requests, and what became of those, under a random pseudonym: by that Slack finds the messages while they stand there.",
			"What the person writes in Slack after this erasure.")
	case helpdesk.ScopePurge:
	default:
		return sentences
	}
	return append(sentences,
		"Ids of Slack in backups and in the write-ahead logs of the main and Temporal's databases until "+until+", and in dead rows until a database uses their space again; no table shows them.",
		"The random id of the workspace in Temporal's runs of this purge and of the service's own checks, at most 24 hours.",
		"Rows of cancelled timers inside Temporal until their time has come, at most 400 days: random ids that can be tied to nobody.")
}
