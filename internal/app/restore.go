package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/purge"
	"github.com/echo-synch/echo-synch/internal/restore"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// openStores opens the two databases and nothing else.
func openStores(ctx context.Context, cfg config.Config) (p parts, err error) {
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.wrapper, err = openWrapper(ctx, cfg); err != nil {
		return p, err
	}
	if p.store, err = postgres.Open(ctx, cfg.DatabaseURL); err != nil {
		return p, err
	}
	if p.keys, err = keystore.Open(ctx, cfg.KeystoreURL, p.wrapper); err != nil {
		return p, err
	}
	return p, differentClusters(ctx, p.store, p.keys)
}

// Reconcile repeats, in a main database that was restored, every erasure since, and makes requests and Temporal agree. Only
// when all is done may the database serve; where Temporal does not answer, it has to be repeated.
func Reconcile(ctx context.Context, cfg config.Config, keysLost bool, log *slog.Logger) (restore.Counts, error) {
	p, err := openStores(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer p.close()
	if p.temporal, err = dialTemporal(cfg.Temporal, log); err != nil {
		return nil, err
	}
	r := restore.Reconciler{
		Store: p.store, Keys: p.keys, Temporal: p.temporal, Namespace: cfg.Temporal.Namespace, KeysLost: keysLost, Log: log, Now: time.Now,
		Purger: &purge.Purger{Store: p.store, Keys: p.keys, Temporal: p.temporal, Namespace: cfg.Temporal.Namespace, Log: log, Now: time.Now},
	}
	done, err := r.Databases(ctx)
	if err != nil {
		return done, err
	}
	agreed, err := r.Workflows(ctx)
	maps.Copy(done, agreed)
	if err != nil {
		return done, errors.Join(errors.New("the database is reconciled, Temporal is not yet: repeat the command when it answers"), err)
	}
	return done, r.Finish(ctx)
}

// Backup is one to be tried.
type Backup struct{ Kind, Path string }

// RestoreDrill restores backups into scratch clusters below dir and returns the signed report. It only reads the live
// databases: their servers themselves refuse it to write.
func RestoreDrill(ctx context.Context, cfg config.Config, backups []Backup, dir string, log *slog.Logger) (report []byte, d certificate.Drill, err error) {
	signer, err := newSigner(cfg)
	if err != nil {
		return nil, d, err
	}
	cfg.DatabaseURL, cfg.KeystoreURL = readOnly(cfg.DatabaseURL), readOnly(cfg.KeystoreURL)
	p, err := openStores(ctx, cfg)
	if err != nil {
		return nil, d, err
	}
	defer p.close()
	there, err := p.keys.Mark(ctx)
	if err != nil {
		return nil, d, err
	}
	d = certificate.Drill{Started: time.Now(), Keystore: there.Keystore, NotCovered: certificate.DrillNotCovered()}
	drill := restore.Drill{Live: p.store, Keys: p.keys, Database: databaseOf(cfg.DatabaseURL), Scratch: dir, Log: log, Now: time.Now}
	for _, b := range backups {
		t, err := drill.Try(ctx, b.Kind, b.Path)
		if err != nil {
			return nil, d, err
		}
		d.Trials = append(d.Trials, t)
	}
	d.Ended = time.Now()
	if report, err = signer.IssueDrill(d); err != nil {
		return nil, d, err
	}
	d, err = certificate.VerifyDrill(report, signer.Public())
	return report, d, err
}

// readOnly makes the server refuse every write of a connection.
func readOnly(address secret.Value) secret.Value {
	u, err := url.Parse(address.Reveal())
	if err != nil {
		return address // what opens it says what is wrong
	}
	q := u.Query()
	q.Set("default_transaction_read_only", "on")
	u.RawQuery = q.Encode()
	return secret.New(u.String())
}

// databaseOf is the name of the database in an address.
func databaseOf(address secret.Value) string {
	u, err := url.Parse(address.Reveal())
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}
