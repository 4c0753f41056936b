package helpdesk

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EntryID names one entry of a knowledge base. It is random (UUIDv4).
type EntryID uuid

// NewEntryID makes a random entry id.
func NewEntryID() EntryID { return EntryID(v4()) }

func (id EntryID) String() string { return uuid(id).text() }

// IsZero reports whether no id is set.
func (id EntryID) IsZero() bool { return id == EntryID{} }

// MarshalText implements [encoding.TextMarshaler].
func (id EntryID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (id *EntryID) UnmarshalText(b []byte) error { return (*uuid)(id).parse(b) }

// Entry is one question of a workspace's knowledge base with its answer.
type Entry struct {
	ID     EntryID
	Key    string // the name by which an import finds it again
	Active bool   // only then it is offered
	Content
}

// Content is what an entry says. It is stored sealed.
type Content struct {
	Question string   `json:"question"`
	Answer   string   `json:"answer"`
	Link     string   `json:"link,omitempty"` // https, or ""
	Tags     []string `json:"tags,omitempty"`
}

// EntryCounts say on how many requests an entry was offered, and what came of it.
type EntryCounts struct{ Offered, Helpful, NotRelevant, Closed int64 }

// Offer is an answer that was offered on a request.
type Offer struct {
	Entry      EntryID
	Confidence int    // in percent
	TS         string // of the message in the thread
	// Pressed is what was said of it: [Helpful], [NotRelevant] or [CloseResolved]; "" while nothing was.
	Pressed Action
}

// Match is an entry, and how sure it is that it answers a message: what a workflow history may know of it.
type Match struct {
	Entry      EntryID `json:"entry,omitzero"`
	Confidence int     `json:"confidence,omitempty"` // in percent
}

// Bounds of a knowledge base; of text in characters.
const (
	MaxEntries  = 2000
	MaxEntryKey = 64
	MaxQuestion = 300
	MaxAnswer   = 2000
	MaxLink     = 300
	MaxTags     = 10
	MaxTag      = 40
)

var entryKey = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

// Validate says what keeps an entry from being stored, never quoting it. It wraps [ErrInvalid].
func (e Entry) Validate() error {
	if len(e.Key) > MaxEntryKey || !entryKey.MatchString(e.Key) {
		return fmt.Errorf("key must be 1 to %d of a-z, 0-9, '.', '_' and '-', and begin with a letter or digit: %w", MaxEntryKey, ErrInvalid)
	}
	if len(e.Tags) > MaxTags {
		return fmt.Errorf("%d tags, at most %d: %w", len(e.Tags), MaxTags, ErrInvalid)
	}
	err := errors.Join(text("question", e.Question, MaxQuestion, false), text("answer", e.Answer, MaxAnswer, true), secure(e.Link))
	for _, tag := range e.Tags {
		err = errors.Join(err, text("tag", tag, MaxTag, false))
	}
	return err
}

func text(what, s string, most int, lines bool) error {
	switch n := utf8.RuneCountInString(s); {
	case strings.TrimSpace(s) == "":
		return fmt.Errorf("%s is missing: %w", what, ErrInvalid)
	case n > most:
		return fmt.Errorf("%s has %d characters, at most %d: %w", what, n, most, ErrInvalid)
	case !utf8.ValidString(s), strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || !lines) }):
		return fmt.Errorf("%s has control characters, or is not UTF-8: %w", what, ErrInvalid)
	}
	return nil
}

// secure refuses a link that is not one to an https page, or that would end its place in a message.
func secure(link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>|\"", r) }
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || len(link) > MaxLink || strings.ContainsFunc(link, odd) {
		return fmt.Errorf("link must be an address that begins with https://, at most %d characters of ASCII: %w", MaxLink, ErrInvalid)
	}
	return nil
}
