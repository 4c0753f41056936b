package stack

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
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
	h, err := s.host()
	if err != nil {
		return err
	}
	if err := s.startCluster(ctx, s.main, h, s.opt.Ports.Postgres); err != nil {
		return err
	}
	return s.startCluster(ctx, s.keys, h, s.opt.Ports.Keystore)
}

// host is how clusters of ours run on this machine: by which programs, below which directory, as whom.
type host struct {
	bin, base string
	who       *syscall.Credential
}

func (s *Stack) host() (h host, err error) {
	if h.bin, err = binaries(os.Getenv("PATH"), installed()); err != nil {
		return h, err
	}
	if h.who, err = unprivileged(); err != nil {
		return h, err
	}
	h.base, err = s.dataDir(h.who)
	return h, err
}

func (s *Stack) startCluster(ctx context.Context, c *pgCluster, h host, port int) error {
	c.data = filepath.Join(h.base, c.name)
	s.DataDirs = append(s.DataDirs, c.data)
	if _, err := os.Stat(filepath.Join(c.data, "PG_VERSION")); errors.Is(err, os.ErrNotExist) {
		s.say("making the Postgres cluster %s", c.data)
		if err := s.initCluster(h.bin, c.data, h.who); err != nil {
			return err
		}
	}
	if err := s.endPostmaster(ctx, c.data); err != nil {
		return err
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
		"-c", "log_error_verbosity=terse", "-c", "log_parameter_max_length=0", "-c", "log_parameter_max_length_on_error=0", "-c", "log_min_error_statement=panic"}
	if c == s.keys { // what a key store must not have: write-ahead log to keep, or copies
		args = append(args, "-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "autovacuum_naptime=60")
	}
	c.command = exec.Command(filepath.Join(h.bin, "postgres"), args...) //nolint:noctx // stopped in order, not killed
	c.command.Stdout, c.command.Stderr, c.command.Dir = log, log, "/"
	c.command.SysProcAttr = &syscall.SysProcAttr{Credential: h.who, Setpgid: true}
	if err := c.command.Start(); err != nil {
		return fmt.Errorf("start Postgres %s: %w", c.name, err)
	}
	c.exited = make(chan struct{})
	go func() {
		_ = c.command.Wait() // how it ended is in its log
		close(c.exited)
	}()
	s.onStop("Postgres "+c.name, c.stop)
	if err := s.writePID(c.name, c.command.Process.Pid); err != nil {
		return err
	}
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

// initCluster makes a cluster in data. It works beside it and renames at the end, so that one cut short is never used.
func (s *Stack) initCluster(bin, final string, who *syscall.Credential) error {
	data := final + ".new"
	if err := os.RemoveAll(data); err != nil {
		return fmt.Errorf("delete %s: %w", data, err)
	}
	if err := ownDir(data, who); err != nil {
		return err
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
	if err := os.Rename(data, final); err != nil {
		return fmt.Errorf("make Postgres cluster: %w", err)
	}
	return nil
}

// ownDir makes a directory of the database user.
func ownDir(dir string, who *syscall.Credential) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	if who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			return fmt.Errorf("give %s to the database user: %w", dir, err)
		}
	}
	return nil
}

// endPostmaster ends the server that still runs on data, whose pid file of ours was lost. Postgres copes with the file of
// one that has ended, but not where the number belongs to another process of its user by now: then the file goes.
func (s *Stack) endPostmaster(ctx context.Context, data string) error {
	file := filepath.Join(data, "postmaster.pid")
	raw, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	number, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return nil // Postgres says what is wrong with it
	}
	at, err := os.Stat(filepath.Join("/proc", number, "cwd"))
	if err != nil {
		return nil // it has ended, or is somebody else's
	}
	own, err := os.Stat(data)
	if err != nil {
		return fmt.Errorf("look at %s: %w", data, err)
	}
	if !os.SameFile(at, own) { // a server works in its own directory
		if err := os.Remove(file); err != nil {
			return fmt.Errorf("forget an ended Postgres: %w", err)
		}
		return nil
	}
	s.say("ending Postgres of an earlier start (process %d)", pid)
	if err := end(ctx, pid, syscall.SIGINT); err != nil {
		return fmt.Errorf("end Postgres (process %d): %w", pid, err)
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
	return finish(ctx, c.command.Process, c.exited, syscall.SIGINT)
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

// installed are the usual places of Postgres beside PATH.
func installed() []string {
	return []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/pgsql/bin"}
}

// binaries finds the directory with initdb and postgres: in path, a list such as PATH, or else the newest in places.
func binaries(path string, places []string) (string, error) {
	candidates := filepath.SplitList(path)
	for _, pattern := range places {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("look for Postgres: %w", err)
		}
		slices.SortFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(version(b), version(a)), cmp.Compare(a, b)) })
		candidates = append(candidates, found...)
	}
	for _, dir := range candidates {
		_, err1 := os.Stat(filepath.Join(dir, "initdb"))
		_, err2 := os.Stat(filepath.Join(dir, "postgres"))
		if filepath.IsAbs(dir) && err1 == nil && err2 == nil {
			return dir, nil
		}
	}
	return "", errors.New("no Postgres here: install Debian's package postgresql (apt-get install postgresql), or give DATABASE_ADMIN_URL and KEYSTORE_ADMIN_URL")
}

// version is the last number in a directory's name, such as 15 or 9.6; 0 where there is none.
func version(dir string) float64 {
	numbers := regexp.MustCompile(`\d+(\.\d+)?`).FindAllString(dir, -1)
	if len(numbers) == 0 {
		return 0
	}
	v, _ := strconv.ParseFloat(numbers[len(numbers)-1], 64) // it is a number
	return v
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
	if err := os.Mkdir(elsewhere, 0o755); err != nil && !errors.Is(err, os.ErrExist) { //nolint:gosec // the database user must get through
		return "", fmt.Errorf("make %s: %w", elsewhere, err)
	}
	// Everybody may write in /var/tmp, so the name may be somebody else's.
	if info, err := os.Lstat(elsewhere); err != nil || !info.IsDir() || info.Sys().(*syscall.Stat_t).Uid != 0 {
		return "", fmt.Errorf("%s does not belong to root: delete it, or give another -dir", elsewhere)
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
