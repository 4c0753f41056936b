package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// restored is the directory of a base backup of the main cluster, and of the server that runs on it.
const restored = "restored"

// Backup makes a base backup of the main cluster, as whoever runs it in earnest does every night, and says where it is.
func (s *Stack) Backup(ctx context.Context) (dir string, err error) {
	return s.backup(ctx, s.main, restored)
}

// BackupKeystore tries the same with the key store, which must refuse.
func (s *Stack) BackupKeystore(ctx context.Context) (dir string, err error) {
	return s.backup(ctx, s.keys, "keys")
}

func (s *Stack) backup(ctx context.Context, c *pgCluster, name string) (dir string, err error) {
	if c.command == nil {
		return "", errors.New("the cluster is given, not ours to back up")
	}
	h, err := s.host()
	if err != nil {
		return "", err
	}
	server, err := filepath.EvalSymlinks(filepath.Join(h.bin, "postgres")) // the other programs stand beside the real one
	if err != nil {
		return "", fmt.Errorf("find pg_basebackup: %w", err)
	}
	dir = filepath.Join(h.base, name)
	if err := ownDir(dir, h.who); err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, filepath.Join(filepath.Dir(server), "pg_basebackup"), "-D", dir, "-d", c.adminURL,
		"--checkpoint=fast", "--wal-method=stream", "--no-sync")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: h.who}
	command.Dir = "/" // ours may be closed to the database user
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("back up Postgres: %w: %s", err, out)
	}
	return dir, nil
}

// Restore starts a server on the base backup of the main cluster, beside the running one, and returns its address for the
// application's role.
func (s *Stack) Restore(ctx context.Context) (appURL string, err error) {
	return s.RestoreFrom(ctx, restored)
}

// RestoreFrom does the same with the base backup of a name.
func (s *Stack) RestoreFrom(ctx context.Context, name string) (appURL string, err error) {
	h, err := s.host()
	if err != nil {
		return "", err
	}
	ports, err := Ports{}.settle()
	if err != nil {
		return "", err
	}
	live := slices.Clone(s.DataDirs)
	c := &pgCluster{name: name, database: s.main.database}
	if err := s.startCluster(ctx, c, h, ports.Postgres); err != nil {
		return "", err
	}
	s.DataDirs = live // a backup is no part of what runs
	u, err := url.Parse(s.main.appURL)
	if err != nil {
		return "", fmt.Errorf("address of the restored cluster: %w", err)
	}
	u.Host = local(ports.Postgres)
	return u.String(), nil
}
