package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// root finds the repository: the nearest directory above with the product's command.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "cmd", "echosynch", "main.go")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the repository: run this inside it")
		}
	}
}

// build builds the product's binary.
func (s *Stack) build(ctx context.Context) error {
	repository, err := root()
	if err != nil {
		return err
	}
	s.binary = s.path("bin", "echosynch")
	s.say("building echosynch (the first time takes minutes)")
	command := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "./cmd/echosynch")
	command.Dir = repository
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build echosynch: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// migrate brings both databases to the schema of the binary and makes the login role of the product's processes.
func (s *Stack) migrate(ctx context.Context) error {
	s.say("migrating the databases")
	env := s.environment()
	env["DATABASE_ADMIN_URL"], env["KEYSTORE_ADMIN_URL"] = s.main.adminURL, s.keys.adminURL
	if _, err := s.runWith(ctx, env, "migrate"); err != nil {
		return err
	}
	for _, c := range []*pgCluster{s.main, s.keys} {
		if err := c.login(ctx, s.secrets.LoginPassword); err != nil {
			return err
		}
	}
	return nil
}
