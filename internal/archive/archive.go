// Package archive writes exports: of everything that is stored in a workspace, and of what is stored of one person. It reads
// page by page and writes file after file to wherever it is told to, so its memory does not grow with the workspace, and it
// keeps nothing. Text that is still there is opened with its key; what was removed is marked with its date.
package archive

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// Version of the form of an export. Another form gets another number.
const Version = 1

// Archive reads what exports hold.
type Archive struct {
	Store *postgres.Store
	Keys  *keystore.Store
	Now   func() time.Time
}

// Create begins the next file; writing to the one before it is over. A zip's Create is one.
type Create func(name string) (io.Writer, error)

// Progress is called after each page, with what was written so far.
type Progress func(context.Context, helpdesk.PersonTally) error

// Workspace writes everything that is stored in a workspace but keys and tokens.
func (a *Archive) Workspace(ctx context.Context, id helpdesk.WorkspaceID, create Create, progress Progress) (helpdesk.PersonTally, error) {
	return a.write(ctx, &export{Archive: a, workspace: id, sheets: postgres.Sheets(), create: create, progress: progress,
		Manifest: Manifest{Of: "workspace", Workspace: id}})
}

// Person writes what is stored of a person. Where nothing is, the files are there and empty.
func (a *Archive) Person(ctx context.Context, id helpdesk.WorkspaceID, person string, create Create, progress Progress) (helpdesk.PersonTally, error) {
	return a.write(ctx, &export{Archive: a, workspace: id, person: person, sheets: postgres.PersonSheets(), create: create, progress: progress,
		Manifest: Manifest{Of: "person", Workspace: id, Person: person}})
}

// Manifest is the last file of an export: what is in it, so that a missing or changed file is noticed.
type Manifest struct {
	Version   int                  `json:"version"`
	Of        string               `json:"of"` // "workspace" or "person"
	Workspace helpdesk.WorkspaceID `json:"workspace"`
	Person    string               `json:"person,omitempty"`
	MadeAt    time.Time            `json:"made_at"`
	Requests  int64                `json:"requests"`
	Texts     int64                `json:"texts"`         // original texts that are still there, and in this export
	Removed   int64                `json:"texts_removed"` // before it was made
	Summaries int64                `json:"summaries"`
	Files     []File               `json:"files"`
}

// File is one file of an export.
type File struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// export is one on its way.
type export struct {
	*Archive
	Manifest
	workspace helpdesk.WorkspaceID
	person    string // "" for a workspace's
	sheets    []postgres.Sheet
	create    Create
	progress  Progress
	channels  map[helpdesk.ChannelID]string // Slack ids
}

func (a *Archive) write(ctx context.Context, e *export) (helpdesk.PersonTally, error) {
	e.Version, e.MadeAt = Version, a.Now().UTC().Truncate(time.Second)
	e.channels = make(map[helpdesk.ChannelID]string)
	if err := e.file("README.txt", func(w io.Writer) (int64, error) {
		_, err := io.WriteString(w, e.readme())
		return 0, err
	}); err != nil {
		return e.tally(), err
	}
	for _, f := range []format{asJSON, asCSV} {
		if err := e.table(ctx, "requests", f, e.requests(f)); err != nil {
			return e.tally(), err
		}
	}
	if e.person == "" { // nothing of it is a person's
		for _, f := range []format{asJSON, asCSV} {
			if err := e.table(ctx, "knowledge", f, e.knowledge); err != nil {
				return e.tally(), err
			}
		}
	}
	for _, s := range e.sheets {
		for _, f := range []format{asJSON, asCSV} {
			if err := e.table(ctx, s.Name, f, e.sheet(s)); err != nil {
				return e.tally(), err
			}
		}
	}
	w, err := e.create("manifest.json")
	if err == nil {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(e.Manifest)
	}
	if err != nil {
		return e.tally(), fmt.Errorf("write manifest.json: %w", err)
	}
	return e.tally(), nil
}

func (e *export) tally() helpdesk.PersonTally {
	return helpdesk.PersonTally{Requests: e.Requests, Texts: e.Texts, Summaries: e.Summaries}
}

// readme explains each file.
func (e *export) readme() string {
	var b strings.Builder
	of, whose := "everything that Echo-Synch stores of this workspace, but keys and tokens", "of the workspace"
	if e.person != "" {
		of, whose = "what Echo-Synch stores of the person with the Slack id "+e.person, "that they opened"
	}
	fmt.Fprintf(&b, "This is %s,\nas of %s. Workspace %s.\n\n", of, e.MadeAt.Format(time.RFC3339), e.workspace)
	b.WriteString("Each table is there twice: as JSON (an array of objects) and as CSV (UTF-8, a header line). Times are UTC.\n" +
		"People, channels and messages appear by their ids in Slack; names are not stored.\n" +
		"In CSV a ' precedes what a spreadsheet would take for a formula; in JSON it does not.\n\n")
	fmt.Fprintf(&b, "requests       the requests %s: text and summary where they are still there, and\n"+
		"               in text_state until when the text is kept, or why and when it was removed\n", whose)
	if e.person == "" {
		b.WriteString("knowledge      the knowledge base, and on how many requests each entry was offered\n")
	}
	for _, s := range e.sheets {
		fmt.Fprintf(&b, "%-14s %s\n", s.Name, s.About)
	}
	b.WriteString("manifest.json  number of rows, size and SHA-256 of every file\n\n" +
		"Of replies in threads only these are stored: of each request the time of the requester's last one, and author\n" +
		"and time of the first one of an agent. Of files only the number is stored. Who pressed a button is stored only\n" +
		"as far as it shows above: as the assignee, in the audit log, or as a delivery not yet worked on.\n")
	return b.String()
}
