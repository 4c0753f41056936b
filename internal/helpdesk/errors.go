package helpdesk

import "errors"

// The kinds of error. Test them with [errors.Is]; one place maps them to HTTP, one to retries.
var (
	// ErrNotFound: no such thing in this workspace. A thing of another workspace looks the same.
	ErrNotFound = errors.New("not found")
	// ErrErased: the thing existed; its key was destroyed.
	ErrErased = errors.New("erased")
	// ErrInvalid: the input can never be accepted.
	ErrInvalid = errors.New("invalid")
	// ErrNotInstalled: the workspace has no living installation, or it is being purged.
	ErrNotInstalled = errors.New("workspace not installed")
)
