package keystore

import (
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
// no use to any. While a key is being replaced both versions are in it. Request keys are not cached: they die on their own.
type cache struct {
	mu   sync.Mutex
	keys map[cached]seal.Key
}

// cached is a version of a workspace's key, as it is wrapped.
type cached struct {
	workspace helpdesk.WorkspaceID
	wrapped   string
}

func newCache() *cache { return &cache{keys: make(map[cached]seal.Key)} }

func (c *cache) get(id helpdesk.WorkspaceID, wrapped []byte) (seal.Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, ok := c.keys[cached{id, string(wrapped)}]
	return key, ok
}

func (c *cache) put(id helpdesk.WorkspaceID, wrapped []byte, key seal.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= cacheSize {
		clear(c.keys) // rare, and cheaper than bookkeeping on every use
	}
	c.keys[cached{id, string(wrapped)}] = key
	time.AfterFunc(cacheLife, func() { c.forget(id, wrapped) }) // may forget a later one early, which costs a call
}

func (c *cache) forget(id helpdesk.WorkspaceID, wrapped []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, cached{id, string(wrapped)})
}

// drop forgets every version of a workspace's key.
func (c *cache) drop(id helpdesk.WorkspaceID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.keys {
		if k.workspace == id {
			delete(c.keys, k)
		}
	}
}
