package keystore

import (
	"bytes"
	"sync"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// A workspace key stays in memory for at most ten minutes, and at most a thousand of them.
const (
	cacheLife = 10 * time.Minute
	cacheSize = 1000
)

// cache remembers what the key wrapper answered, so that a workspace in use costs one call in ten minutes. It does not
// stand in for the row: who asks has just read the wrapped key, so a key that was destroyed, by whichever process, is of
// no use to any. Request keys are not cached: they die on their own.
type cache struct {
	mu   sync.Mutex
	keys map[helpdesk.WorkspaceID]cached
}

type cached struct {
	wrapped []byte
	key     seal.Key
}

func newCache() *cache { return &cache{keys: make(map[helpdesk.WorkspaceID]cached)} }

func (c *cache) get(id helpdesk.WorkspaceID, wrapped []byte) (seal.Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.keys[id]
	if !ok || !bytes.Equal(e.wrapped, wrapped) {
		return seal.Key{}, false
	}
	return e.key, true
}

func (c *cache) put(id helpdesk.WorkspaceID, wrapped []byte, key seal.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= cacheSize {
		clear(c.keys) // rare, and cheaper than bookkeeping on every use
	}
	c.keys[id] = cached{wrapped: wrapped, key: key}
	time.AfterFunc(cacheLife, func() { c.drop(id) }) // may drop a later one early, which costs a call
}

func (c *cache) drop(id helpdesk.WorkspaceID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, id)
}
