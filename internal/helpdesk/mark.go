package helpdesk

import "time"

// Mark is how far the main database has come. It is raised there first and then in the key store, which no restore takes
// back: a main database whose mark is behind the key store's has been restored to an earlier state.
type Mark struct {
	Keystore string // id of the key store that belongs to the database; "" where none has been used with it yet
	Number   int64
	At       time.Time // when the main database last raised it; zero in the key store
}

// NewKeystoreID makes the random id of a key store.
func NewKeystoreID() string { return v4().text() }

// Tombstone says that all keys of a workspace were destroyed.
type Tombstone struct {
	Workspace   WorkspaceID
	DestroyedAt time.Time
}
