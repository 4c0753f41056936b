package postgres

import (
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Bind makes a transaction of a workspace out of one that has entered it by itself, so that a test can look at what a
// method did and take it back.
func Bind(tx pgx.Tx, id helpdesk.WorkspaceID) *Tx { return &Tx{tx: tx, workspace: id} }

// Unbound is what no caller gets: the transaction without its workspace.
func Unbound(tx *Tx) pgx.Tx { return tx.tx }

// OnPool is a store on a pool of the test's own size.
func OnPool(pool *pgxpool.Pool) *Store { return &Store{pool: pool} }
