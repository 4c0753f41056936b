// Package failpoint ends the process at a named step, as a power cut would, where a test has asked for it. Outside of
// development no directory is configured, and nothing happens.
package failpoint

import (
	"os"
	"path/filepath"
	"syscall"
)

// Name of a step between two effects.
type Name string

// The steps, in the order in which a request meets them.
const (
	Stored          Name = "stored"            // a delivery is in the inbox, Slack has no answer
	KeysCreated     Name = "keys-created"      // a request has keys and no row
	RowOpened       Name = "row-opened"        // a request has a row and no workflow
	WorkflowStarted Name = "workflow-started"  // its delivery is not marked done
	Triaged         Name = "triaged"           // the row is triaged, Temporal does not know
	ReceiptPosted   Name = "receipt-posted"    // in Slack, and nowhere recorded
	ReceiptRecorded Name = "receipt-recorded"  // Temporal does not know
	CardPosted      Name = "card-posted"       // in Slack, and nowhere recorded
	Heard           Name = "heard"             // a reply is recorded, the workflow does not know
	Pressed         Name = "pressed"           // the workflow has taken a press, its delivery is not marked done
	TextKeyReplaced Name = "text-key-replaced" // by an edit's, the text is the old one
	TextReplaced    Name = "text-replaced"     // by an edit, the workflow does not know
	KeysDestroyed   Name = "keys-destroyed"    // of a deleted message, the rest is there
	NoticeTrying    Name = "notice-trying"     // a notice is about to be sent
	NoticePosted    Name = "notice-posted"     // a notice is in Slack, and nowhere recorded

	TextKeyDestroyed Name = "text-key-destroyed" // of a text past its deadline, the row is there

	// Each of a purge: the step is done, and nothing says so.
	PurgeBegun     Name = "purge-begun" // and has no workflow
	PurgeKeys      Name = "purge-keys"
	PurgeListing   Name = "purge-listing"
	PurgeHistories Name = "purge-histories"
	PurgeRows      Name = "purge-rows"
	PurgeCensus    Name = "purge-census"
)

// PurgeNames lists the steps of a purge.
func PurgeNames() []Name {
	return []Name{PurgeBegun, PurgeKeys, PurgeListing, PurgeHistories, PurgeRows, PurgeCensus}
}

// Names lists the steps of a request's life.
func Names() []Name {
	return []Name{
		Stored, KeysCreated, RowOpened, WorkflowStarted, Triaged, ReceiptPosted, ReceiptRecorded, CardPosted, Heard, Pressed,
		TextKeyReplaced, TextReplaced, KeysDestroyed, NoticeTrying, NoticePosted,
	}
}

// Points are armed by files in a directory. The zero Points is never armed.
type Points struct{ dir string }

// In takes the directory; "" arms nothing.
func In(dir string) Points { return Points{dir} }

// Pass ends the process if the step is armed: if its file is there. The file goes first, so it happens once.
func (p Points) Pass(n Name) {
	if p.dir == "" || n == "" || os.Remove(filepath.Join(p.dir, string(n))) != nil {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // no deferred call runs, no buffer is written
	select {}
}
