package scratch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// ErrNoPostgres: there is nothing to restore a backup with.
var ErrNoPostgres = errors.New("no Postgres programs here: install Debian's package postgresql (apt-get install postgresql)")

// places are where Postgres is usually installed, beside PATH.
var places = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/pgsql/bin"}

// programs finds the directory with the programs of a version of Postgres; of the newest there is for "".
func programs(major string) (dir string, err error) {
	var candidates []string
	if path, err := exec.LookPath("postgres"); err == nil {
		candidates = append(candidates, filepath.Dir(path))
	}
	for _, pattern := range places {
		found, _ := filepath.Glob(pattern) // the patterns are well formed
		candidates = append(candidates, found...)
	}
	newest, others := 0, ""
	for _, candidate := range candidates {
		server, err := filepath.EvalSymlinks(filepath.Join(candidate, "postgres")) // the other programs stand beside the real one
		if err != nil {
			continue
		}
		version, ok := versionOf(server)
		if !ok {
			continue
		}
		others = strconv.Itoa(version)
		if major == others || major == "" && version > newest {
			newest, dir = version, filepath.Dir(server)
		}
	}
	switch {
	case dir != "":
		return dir, nil
	case others != "":
		return "", fmt.Errorf("the backup is of Postgres %s, here is %s: install Debian's package postgresql-%s", major, others, major)
	}
	return "", ErrNoPostgres
}

var major = regexp.MustCompile(`\) (\d+)`)

// versionOf asks a server program which Postgres it is.
func versionOf(server string) (version int, ok bool) {
	out, err := exec.Command(server, "--version").Output() //nolint:noctx // it answers at once
	if err != nil {
		return 0, false
	}
	found := major.FindSubmatch(out)
	if found == nil {
		return 0, false
	}
	version, err = strconv.Atoi(string(found[1]))
	return version, err == nil
}

// unprivileged is who runs Postgres when root starts us, which Postgres refuses; nil where we are not root.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("root cannot run Postgres, and neither the user postgres nor nobody exists: make one, or start this as another user")
}

// prepared runs a command in the cluster's directory, as its user, and in a process group of its own, so that Ctrl-C leaves it
// to us.
func (c *Cluster) prepared(command *exec.Cmd) *exec.Cmd {
	command.Dir = c.dir
	command.SysProcAttr = &syscall.SysProcAttr{Credential: c.who, Setpgid: true}
	return command
}

// give makes a file the database user's.
func (c *Cluster) give(path string) error {
	if c.who == nil {
		return nil
	}
	if err := os.Chown(path, int(c.who.Uid), int(c.who.Gid)); err != nil {
		return fmt.Errorf("give %s to the database user: %w", path, err)
	}
	return nil
}
