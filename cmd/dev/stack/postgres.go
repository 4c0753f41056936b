package stack

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// pgCluster is one Postgres cluster, ours or given.
type pgCluster struct {
	name             string // of the directory
	database         string
	adminURL, appURL string
	data             string
	command          *exec.Cmd
	exited           chan struct{}
}

// loginRole is who the product's processes are in either cluster.
const loginRole = "echosynch_login"

func (s *Stack) startPostgres(ctx context.Context) error {
	s.main = &pgCluster{name: "postgres", database: "echosynch"}
	s.keys = &pgCluster{name: "keystore", database: "echosynch_keys"}
	if s.opt.DatabaseAdminURL != "" {
		s.say("using the given Postgres clusters")
		s.main.adminURL, s.keys.adminURL = s.opt.DatabaseAdminURL, s.opt.KeystoreAdminURL
		return nil
	}
	bin, err := binaries()
	if err != nil {
		return err
	}
	who, err := unprivileged()
	if err != nil {
		return err
	}
	base, err := s.dataDir(who)
	if err != nil {
		return err
	}
	for c, port := range map[*pgCluster]int{s.main: s.opt.Ports.Postgres, s.keys: s.opt.Ports.Keystore} {
		if err := s.startCluster(ctx, c, bin, base, port, who); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) startCluster(ctx context.Context, c *pgCluster, bin, base string, port int, who *syscall.Credential) error {
	c.data = filepath.Join(base, c.name)
	s.DataDirs = append(s.DataDirs, c.data)
	if _, err := os.Stat(filepath.Join(c.data, "PG_VERSION")); errors.Is(err, os.ErrNotExist) {
		s.say("making the Postgres cluster %s", c.data)
		if err := s.initCluster(bin, c.data, who); err != nil {
			return err
		}
	}
	s.say("starting Postgres %s on port %d", c.name, port)
	log, err := os.OpenFile(s.path(c.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer log.Close()
	args := []string{"-D", c.data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "max_connections=300", "-c", "shared_buffers=256MB", "-c", "archive_mode=off",
		// Values of people must not reach a log.
		"-c", "log_parameter_max_length=0", "-c", "log_parameter_max_length_on_error=0", "-c", "log_min_error_statement=panic"}
	if c == s.keys { // what a key store must not have: write-ahead log to keep, or copies
		args = append(args, "-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "autovacuum_naptime=60")
	}
	c.command = exec.Command(filepath.Join(bin, "postgres"), args...) //nolint:noctx // stopped in order, not killed
	c.command.Stdout, c.command.Stderr, c.command.Dir = log, log, "/"
	c.command.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setpgid: true}
	if err := c.command.Start(); err != nil {
		return fmt.Errorf("start Postgres %s: %w", c.name, err)
	}
	if err := s.writePID(c.name, c.command.Process.Pid); err != nil {
		return err
	}
	c.exited = make(chan struct{})
	go func() {
		_ = c.command.Wait() // how it ended is in its log
		close(c.exited)
	}()
	s.onStop("Postgres "+c.name, c.stop)
	admin := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", s.secrets.PostgresPassword), Host: local(port), Path: "/postgres", RawQuery: "sslmode=disable"}
	if err := c.await(ctx, admin.String()); err != nil {
		return fmt.Errorf("postgres %s does not answer; its log is %s: %w", c.name, s.path(c.name+".log"), err)
	}
	if err := createDatabase(ctx, admin.String(), c.database); err != nil {
		return err
	}
	admin.Path = "/" + c.database
	c.adminURL = admin.String()
	return nil
}

func (s *Stack) initCluster(bin, data string, who *syscall.Credential) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", data, err)
	}
	if who != nil {
		if err := os.Chown(data, int(who.Uid), int(who.Gid)); err != nil {
			return fmt.Errorf("give %s to the database user: %w", data, err)
		}
	}
	pw, err := s.passwordFile(who)
	if err != nil {
		return err
	}
	defer os.Remove(pw)
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "--auth=scram-sha-256", //nolint:noctx // seconds
		"--pwfile="+pw, "--encoding=UTF8", "--no-locale")
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	initdb.Dir = "/" // ours may be closed to the database user
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("make Postgres cluster: %w: %s", err, out)
	}
	return nil
}

// passwordFile is for initdb alone, which reads it as the database user.
func (s *Stack) passwordFile(who *syscall.Credential) (path string, err error) {
	pw, err := os.CreateTemp("", "echosynch-pw-")
	if err != nil {
		return "", fmt.Errorf("write password: %w", err)
	}
	if who != nil {
		err = pw.Chown(int(who.Uid), int(who.Gid))
	}
	if _, werr := pw.WriteString(s.secrets.PostgresPassword + "\n"); err == nil {
		err = werr
	}
	if cerr := pw.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", fmt.Errorf("write password: %w", err)
	}
	return pw.Name(), nil
}

func (c *pgCluster) await(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	return until(ctx, func() error {
		select {
		case <-c.exited:
			return errors.New("it has ended")
		default:
		}
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	})
}

// stop is Postgres's fast shutdown: sessions end, data is safe.
func (c *pgCluster) stop(ctx context.Context) error {
	if err := c.command.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.exited:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(20 * time.Second):
		return c.command.Process.Kill()
	}
}

func createDatabase(ctx context.Context, admin, name string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close(ctx)
	var there bool
	if err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, name).Scan(&there); err != nil || there {
		return err
	}
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// login makes the role that the product's processes are, and its address.
func (c *pgCluster) login(ctx context.Context, password string) error {
	conn, err := pgx.Connect(ctx, c.adminURL)
	if err != nil {
		return fmt.Errorf("connect to Postgres %s: %w", c.name, err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, fmt.Sprintf(`
		do $$ begin
		  if to_regrole('%[1]s') is null then create role %[1]s login nosuperuser nobypassrls in role echosynch_app; end if;
		  alter role %[1]s password '%[2]s';
		end $$`, loginRole, password))
	if err != nil {
		return fmt.Errorf("make login role in %s: %w", c.name, err)
	}
	u, err := url.Parse(c.adminURL)
	if err != nil {
		return errors.New("the admin address is not a postgres:// address")
	}
	u.User = url.UserPassword(loginRole, password)
	c.appURL = u.String()
	return nil
}

// binaries finds the directory with initdb and postgres.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/pgsql/bin"} {
		found, _ := filepath.Glob(filepath.Join(pattern, "initdb"))
		if len(found) > 0 {
			return filepath.Dir(found[len(found)-1]), nil
		}
	}
	return "", errors.New("no Postgres here: install Debian's package postgresql (apt-get install postgresql), or give DATABASE_ADMIN_URL and KEYSTORE_ADMIN_URL")
}

// unprivileged is who runs Postgres when root starts us; nil where we are not root.
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

// dataDir is where the clusters' directories go: in ours, or elsewhere where the database user cannot reach it.
func (s *Stack) dataDir(who *syscall.Credential) (string, error) {
	if who == nil || open(s.Dir) {
		return s.Dir, nil
	}
	elsewhere := filepath.Join("/var/tmp", fmt.Sprintf("echosynch-%x", sha256.Sum256([]byte(s.Dir)))[:20])
	if err := os.MkdirAll(elsewhere, 0o755); err != nil { //nolint:gosec // the database user must get through
		return "", fmt.Errorf("make %s: %w", elsewhere, err)
	}
	s.say("a directory above %s is closed to the database user: the clusters are in %s", s.Dir, elsewhere)
	return elsewhere, nil
}

// open reports whether everybody can pass through a directory and all above it.
func open(dir string) bool {
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}
