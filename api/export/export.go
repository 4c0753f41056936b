// Package export serves the exports of workspaces, each by a link that works once. Opening a link shows a page with a
// button, because programs that preview links open them, too; pressing it uses the link up and downloads a zip, which is made
// while it is sent and kept nowhere. A download that ends early has used its link up as well: make another one.
package export

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/archive"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

const (
	pageFor   = time.Minute     // how long the next page may take to get through to a slow reader
	endFor    = 5 * time.Second // to record how a download ended, whatever became of its reader
	tellEvery = 5 * time.Second // between two notes of how far it is
)

// Handler serves exports.
type Handler struct {
	Store    *postgres.Store
	Archive  *archive.Archive
	Temporal client.Client
	Log      *slog.Logger
	Now      func() time.Time
}

// Register adds the address. Its token is in no log: what is logged is the route.
func (h *Handler) Register(e *echo.Echo) {
	e.GET("/exports/:token", h.show)
	e.POST("/exports/:token", h.download)
}

// hash is what is stored of a token.
func hash(c echo.Context) [32]byte { return sha256.Sum256([]byte(c.Param("token"))) }

// show offers the download and uses nothing up.
func (h *Handler) show(c echo.Context) error {
	works, err := h.Store.ExportLinked(c.Request().Context(), hash(c), h.Now())
	switch {
	case err != nil:
		h.Log.ErrorContext(c.Request().Context(), "export link not looked up", "err", err)
		return page(c, pageUnavailable)
	case !works:
		return page(c, pageGone)
	}
	return page(c, pageOffer)
}

// download uses the link up and sends the export.
func (h *Handler) download(c echo.Context) error {
	ctx := c.Request().Context()
	id, request, err := h.Store.TakeExportLink(ctx, hash(c), h.Now())
	if err == nil {
		err = h.begin(ctx, id, request)
	}
	switch {
	case errors.Is(err, helpdesk.ErrNotFound), errors.Is(err, helpdesk.ErrErased), errors.Is(err, helpdesk.ErrNotInstalled):
		return page(c, pageGone)
	case err != nil:
		h.Log.ErrorContext(ctx, "export not begun", "workspace_id", id, "data_request_id", request, "err", err)
		return page(c, pageUnavailable)
	}
	tally, err := h.send(c, id, request)
	outcome := helpdesk.DataExported
	if err != nil {
		outcome = helpdesk.DataBroken
		h.Log.WarnContext(ctx, "export ended early; its link is used up", "workspace_id", id, "data_request_id", request, "err", err)
	}
	h.finish(ctx, id, request, tally, outcome)
	if err != nil {
		panic(http.ErrAbortHandler) // the reader must not take what it has for the whole
	}
	return nil
}

// begin appends to the audit log that everything is exported, before anything is opened.
func (h *Handler) begin(ctx context.Context, id helpdesk.WorkspaceID, request helpdesk.DataRequestID) error {
	if _, err := h.Archive.Keys.WorkspaceKey(ctx, id); err != nil {
		return err
	}
	return h.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		if err := tx.Processing(ctx); err != nil {
			return err
		}
		d, err := tx.DataRequest(ctx, request)
		if err != nil {
			return err
		}
		if err := tx.StepDataRequest(ctx, request, helpdesk.ExportWrites); err != nil {
			return err
		}
		return tx.Audit(ctx, helpdesk.AuditEntry{
			At: h.Now(), Actor: d.AskedBy, Action: helpdesk.AuditExported, Object: "workspace", After: request.String(),
		})
	})
}

// send writes the zip as it is made, and gives a reader that is slow, but reads, all the time it needs.
func (h *Handler) send(c echo.Context, id helpdesk.WorkspaceID, request helpdesk.DataRequestID) (helpdesk.PersonTally, error) {
	ctx := c.Request().Context()
	connection := http.NewResponseController(c.Response())
	header := c.Response().Header()
	secure(header)
	header.Set(echo.HeaderContentType, "application/zip")
	header.Set(echo.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="echo-synch-%s.zip"`, h.Now().UTC().Format("20060102-1504")))
	c.Response().WriteHeader(http.StatusOK)
	z := zip.NewWriter(c.Response())
	var told time.Time
	tally, err := h.Archive.Workspace(ctx, id, func(name string) (io.Writer, error) {
		return z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: h.Now().UTC()})
	}, func(ctx context.Context, t helpdesk.PersonTally) error {
		if err := connection.SetWriteDeadline(time.Now().Add(pageFor)); err != nil { // the server's would cut it off
			return fmt.Errorf("give the reader time: %w", err)
		}
		if h.Now().Sub(told) < tellEvery {
			return nil
		}
		told = h.Now()
		if err := h.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error { return tx.TallyDataRequest(ctx, request, t) }); err != nil {
			return err
		}
		h.look(ctx, request)
		return nil
	})
	if err != nil {
		return tally, err
	}
	return tally, z.Close()
}

// finish records how the download ended. Nothing of the export depends on it.
func (h *Handler) finish(ctx context.Context, id helpdesk.WorkspaceID, request helpdesk.DataRequestID, tally helpdesk.PersonTally, outcome helpdesk.DataOutcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endFor)
	defer cancel()
	err := h.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		if err := tx.TallyDataRequest(ctx, request, tally); err != nil {
			return err
		}
		return tx.FinishDataRequest(ctx, request, outcome, h.Now())
	})
	if err != nil {
		h.Log.WarnContext(ctx, "end of an export not recorded", "workspace_id", id, "data_request_id", request, "err", err)
	}
	h.look(ctx, request)
}

// look tells the workflow, for operators to see. The row says it, too.
func (h *Handler) look(ctx context.Context, request helpdesk.DataRequestID) {
	ctx, cancel := context.WithTimeout(ctx, endFor)
	defer cancel()
	err := h.Temporal.SignalWorkflow(ctx, names.DataRequestID(names.DataRequestInput{DataRequest: request}), "", names.SignalLook, nil)
	if err != nil {
		h.Log.DebugContext(ctx, "workflow of an export not told", "data_request_id", request, "err", err)
	}
}
