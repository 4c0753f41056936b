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

// cache holds workspace keys. Request keys are never cached: they die on their own.
type cache struct {
	mu   sync.Mutex
	keys map[helpdesk.WorkspaceID]cached
}

type cached struct {
	key   seal.Key
	until time.Time
}

func newCache() *cache { return &cache{keys: make(map[helpdesk.WorkspaceID]cached)} }

func (c *cache) get(id helpdesk.WorkspaceID, now time.Time) (seal.Key, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.keys[id]
	return e.key, ok && now.Before(e.until)
}

func (c *cache) put(id helpdesk.WorkspaceID, key seal.Key, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= cacheSize {
		clear(c.keys) // rare, and cheaper than bookkeeping on every use
	}
	c.keys[id] = cached{key: key, until: now.Add(cacheLife)}
}

func (c *cache) drop(id helpdesk.WorkspaceID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, id)
}
