package stack

import (
	"context"
	"maps"
)

// BackupAs makes a base backup of the main cluster under a name of its own, and says where it is.
func (s *Stack) BackupAs(ctx context.Context, name string) (dir string, err error) {
	return s.backup(ctx, s.main, name)
}

// RunWith runs a sub-command of the product as Run does, with some settings replaced: on a restored database, say.
func (s *Stack) RunWith(ctx context.Context, env map[string]string, args ...string) ([]byte, error) {
	all := s.environment()
	maps.Copy(all, env)
	return s.runWith(ctx, all, args...)
}
