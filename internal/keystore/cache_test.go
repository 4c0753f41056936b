package keystore

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func TestCacheForgets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, id, wrapped := newCache(), helpdesk.NewWorkspaceID(time.Now()), []byte("wrapped")
		c.put(id, wrapped, seal.NewKey())
		<-time.After(cacheLife - time.Second)
		if _, ok := c.get(id, wrapped); !ok {
			t.Error("forgotten before its time")
		}
		<-time.After(time.Second)
		synctest.Wait()
		if len(c.keys) != 0 {
			t.Error("a key stayed in memory for longer than ten minutes")
		}
	})
}

func TestCacheAnswersForTheWrappedKeyThatWasRead(t *testing.T) {
	t.Parallel()
	c, now := newCache(), time.Now()
	mine, theirs := helpdesk.NewWorkspaceID(now), helpdesk.NewWorkspaceID(now)
	c.put(mine, []byte("wrapped"), seal.NewKey())
	if _, ok := c.get(theirs, []byte("wrapped")); ok {
		t.Error("answered for another workspace")
	}
	if _, ok := c.get(mine, []byte("other")); ok {
		t.Error("answered for another wrapped key")
	}
	c.drop(mine)
	if _, ok := c.get(mine, []byte("wrapped")); ok {
		t.Error("answered after the key was dropped")
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c, key := newCache(), seal.NewKey()
	for range 3 * cacheSize {
		c.put(helpdesk.NewWorkspaceID(time.Now()), nil, key)
	}
	if len(c.keys) > cacheSize {
		t.Errorf("%d keys in memory, want at most %d", len(c.keys), cacheSize)
	}
}
