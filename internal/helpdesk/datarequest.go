package helpdesk

import (
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// DataRequest is what the law calls one: somebody wants a copy of data, or its erasure. It is no [Request].
type DataRequest struct {
	ID        DataRequestID
	Kind      DataKind
	Law       Law
	Person    string // Slack user id; of one who was erased since the pseudonym
	Pseudonym string // what stands for the person after an erasure
	// Certificate is that of an erasure; its address is known from the beginning.
	Certificate CertificateID
	AskedBy     string // as the audit log names them
	AskedAt     time.Time
	DueAt       time.Time // by law; of a workspace's export the end of its link
	Step        DataStep
	Signalled   int64     // the number of the last request whose workflow was told
	QuietAt     time.Time // until then a delivery of the person's may be under way
	PersonTally
	DoneAt  time.Time
	Outcome DataOutcome
}

// PersonTally counts what is, or was, stored of a person.
type PersonTally struct {
	Requests   int64 // that they opened
	Texts      int64
	Summaries  int64
	Roles      int64
	Deliveries int64 // waiting in the inbox
	Names      int64 // their id in rows that stay
}

// IsZero reports whether nothing is stored.
func (t PersonTally) IsZero() bool { return t == PersonTally{} }

// PersonPreview is what an erasure of a person would do.
type PersonPreview struct {
	PersonTally
	Open      int64 // of the requests, those that would be withdrawn
	Assigned  int64 // open requests of others that would lose their assignee
	LastAdmin bool  // which is why it cannot be done
}

// DataKind is what is asked for.
type DataKind string

// The kinds.
const (
	PersonExport    DataKind = "person_export"
	PersonErasure   DataKind = "person_erasure"
	WorkspaceExport DataKind = "workspace_export"
)

// DataStep is a part of the answer to a data request.
type DataStep string

// The steps of an erasure, in their order; then those of exports.
const (
	EraseRoles       DataStep = "roles"       // nothing is sent to them, and nothing assigned, from here on
	EraseDeliveries  DataStep = "deliveries"  // what of theirs waits in the inbox
	EraseRequests    DataStep = "requests"    // keys, text and summary; the pseudonym becomes the requester
	EraseWorkflows   DataStep = "workflows"   // tell the workflows of those requests
	EraseAssignments DataStep = "assignments" // tell the workflows of requests that are theirs to answer
	EraseNames       DataStep = "names"       // the pseudonym in every row that stays
	EraseSettle      DataStep = "settle"      // wait for what is under way
	EraseCertify     DataStep = "certify"     // count what is left, which must be nothing, and sign
	ExportWaits      DataStep = "waits"       // for the person who asked, or for the download
	ExportWrites     DataStep = "writes"
	DataDone         DataStep = "done"
)

// DataOutcome is how a data request ended.
type DataOutcome string

// The outcomes.
const (
	DataExported DataOutcome = "exported"
	DataErased   DataOutcome = "erased"
	DataExpired  DataOutcome = "expired" // nobody has used the link
	DataBroken   DataOutcome = "broken"  // the download ended early; the link is used up
	DataMoot     DataOutcome = "moot"    // the person was erased before
)

// Law is the one that a person invokes; it gives a data request its deadline.
type Law string

// The laws. A workspace's export invokes none.
const (
	GDPR Law = "gdpr" // Article 12(3)
	CCPA Law = "ccpa" // section 1798.130(a)(2)
)

// Within is how long the answer may take.
func (l Law) Within() time.Duration {
	if l == CCPA {
		return 45 * 24 * time.Hour
	}
	return 30 * 24 * time.Hour
}

// Valid reports whether l is one of the laws.
func (l Law) Valid() bool { return l == GDPR || l == CCPA }

// LinkFor is how long the link to a workspace's export works, unless it is used before.
const LinkFor = 24 * time.Hour

// ErrLastAdmin: without this person the workspace would have no admin.
var ErrLastAdmin = errors.New("is the only admin")

// pseudonym begins what stands for a person who was erased. It is no id of Slack's, so it mentions nobody.
const pseudonym = "erased-"

// NewPseudonym makes a random one.
func NewPseudonym() string {
	u := v4()
	return pseudonym + hex.EncodeToString(u[:8])
}

// Pseudonymous reports whether user stands for a person who was erased.
func Pseudonymous(user string) bool { return strings.HasPrefix(user, pseudonym) }

// Ended reports whether there is nothing left to do.
func (d DataRequest) Ended() bool { return !d.DoneAt.IsZero() }
