package keystore

import (
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// workspaceRow is a workspace's key as it is stored.
type workspaceRow struct {
	version int64     // of the key, counted from 1
	wrapped []byte    // that version, by the key wrapper
	before  []byte    // the version before, until nothing is under it any more; else nil
	field   []byte    // the key of the workspace's own fields, wrapped by that version; nil: see [Store.WorkspaceKey]
	since   time.Time // when that version was made
}

// requestRow is a request's keys as they are stored: wrapped by a version of the workspace key, nil once destroyed.
type requestRow struct {
	id            helpdesk.RequestID
	version       int64
	text, summary []byte
}
