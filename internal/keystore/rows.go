package keystore

import (
	"context"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// rows are the keys as they are stored, all of them wrapped: in Postgres, or in DynamoDB. The store above knows what wraps
// what; rows know how to change several of them as one. A row that is not there is [helpdesk.ErrErased]. What swaps changes
// a row only while it is still from, and reports whether it did: so nothing that was destroyed comes back.
type rows interface {
	identity(ctx context.Context) (string, error)
	ping(ctx context.Context) error
	close()

	ingress(ctx context.Context) ([]byte, error)
	putIngress(ctx context.Context, wrapped []byte) error // unless there is one
	swapIngress(ctx context.Context, from, to []byte) (bool, error)

	putInbox(ctx context.Context, id helpdesk.InboxID, wrapped []byte) error // refuses a second one
	inbox(ctx context.Context, id helpdesk.InboxID) ([]byte, error)
	destroyInbox(ctx context.Context, ids []helpdesk.InboxID) error
	oldInbox(ctx context.Context, before time.Time, after helpdesk.InboxID, limit int) ([]helpdesk.InboxID, error)

	putWorkspace(ctx context.Context, id helpdesk.WorkspaceID, w workspaceRow) error // unless there is one
	workspace(ctx context.Context, id helpdesk.WorkspaceID) (workspaceRow, error)
	swapWorkspace(ctx context.Context, id helpdesk.WorkspaceID, from, to workspaceRow) (bool, error)
	// condemn destroys the key and leaves the row, which then reads as one that is not there; in the same instant it adds a
	// tombstone, which stays for good.
	condemn(ctx context.Context, id helpdesk.WorkspaceID) error
	// deleteRequests deletes a batch of a condemned workspace; more is false once it has found none.
	deleteRequests(ctx context.Context, id helpdesk.WorkspaceID) (deleted int64, more bool, err error)
	deleteWorkspace(ctx context.Context, id helpdesk.WorkspaceID) (deleted int64, err error)
	census(ctx context.Context, id helpdesk.WorkspaceID) (int64, error)

	// putRequest adds a request unless there is one, while the workspace's key is of the same version; else it reports false.
	putRequest(ctx context.Context, ws helpdesk.WorkspaceID, r requestRow) (bool, error)
	// requests are those of some requests that are there, in no order, with the workspace's key; the versions that they are under
	// are in it.
	requests(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) ([]requestRow, workspaceRow, error)
	destroy(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID, text, summary bool) error
	oldRequests(ctx context.Context, ws helpdesk.WorkspaceID, before time.Time, after helpdesk.RequestID, limit int) ([]helpdesk.RequestID, error)
	// outdated lists requests under an older version, after an id and in id order, at most limit.
	outdated(ctx context.Context, ws helpdesk.WorkspaceID, version int64, after helpdesk.RequestID, limit int) ([]requestRow, error)
	// swapRequests passes over those that are no longer from.
	swapRequests(ctx context.Context, ws helpdesk.WorkspaceID, from, to []requestRow) error
	// count counts the requests, and those of them that are under an older version.
	count(ctx context.Context, ws helpdesk.WorkspaceID, version int64) (all, older int64, err error)

	raiseModel(ctx context.Context, id helpdesk.WorkspaceID, version int64) error // never lowers it, and adds no row
	modelVersion(ctx context.Context, id helpdesk.WorkspaceID) (int64, error)

	mark(ctx context.Context) (helpdesk.Mark, error)
	raiseMark(ctx context.Context, number int64) error // never lowers it
	tombstones(ctx context.Context, after helpdesk.WorkspaceID, limit int) ([]helpdesk.Tombstone, error)
	// keysLeft and inboxKeysLeft leave out those that have no key, in no order.
	keysLeft(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) ([]Left, error)
	inboxKeysLeft(ctx context.Context, ids []helpdesk.InboxID) ([]helpdesk.InboxID, error)
}

// workspaceRow is a workspace's key as it is stored.
type workspaceRow struct {
	version int64     // of the key, counted from 1
	wrapped []byte    // that version, by the key wrapper
	before  []byte    // the version before, until nothing is under it any more; else nil
	field   []byte    // the key of the workspace's own fields, wrapped by that version; nil: see [fieldKey]
	since   time.Time // when that version was made
}

// over is the version of the workspace's key that a request is under, wrapped.
func (w workspaceRow) over(r requestRow) []byte {
	if r.version != w.version {
		return w.before
	}
	return w.wrapped
}

// requestRow is a request's keys as they are stored: wrapped by a version of the workspace key, nil once destroyed.
type requestRow struct {
	id            helpdesk.RequestID
	version       int64
	text, summary []byte
}
