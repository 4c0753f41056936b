package install

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// outcome is one page a person may see at the end of the flow.
type outcome struct {
	Status      int
	Title, Text string
	Again       bool // offer to begin again
}

var (
	pageInstalled = outcome{http.StatusOK, "Echo-Synch is installed",
		"Now invite it to the channels where people ask for help: type /invite @Echo-Synch there. It reads only what is written from then on.", false}
	pageRestored = outcome{http.StatusOK, "Echo-Synch is restored",
		"Requests, clocks, people and settings are as they were before it was uninstalled. Slack has removed it from every channel: a message to you lists those to invite it to again, with /invite @Echo-Synch.", false}
	pageState = outcome{http.StatusBadRequest, "This link was not begun here",
		"An installation must begin and end in the same browser within ten minutes, and its link works once. Opening it changed nothing.", true}
	pageDenied = outcome{http.StatusOK, "Not installed",
		"Slack reports that the installation was not approved. Nothing was installed.", true}
	pageSlack = outcome{http.StatusBadGateway, "Slack did not confirm",
		"Slack did not confirm the installation. Each approval works once, so please begin again.", true}
	pageOrgWide = outcome{http.StatusForbidden, "Please install it in one workspace",
		"Echo-Synch cannot be installed for a whole Enterprise organisation yet. Choose a single workspace on Slack's page. Nothing was installed.", true}
	pageScopes = outcome{http.StatusBadRequest, "Some permissions are missing",
		"Slack granted fewer permissions than the app needs. Please begin again and approve all of them. Nothing was installed.", true}
	pageUnavailable = outcome{http.StatusServiceUnavailable, "Please try again in a minute",
		"Echo-Synch could not store the installation just now. Nothing was installed.", true}
)

// style is the only one that the page may have: the policy names its hash.
const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#1d1c1d}
a{display:inline-block;margin-top:1rem;padding:.6rem 1rem;background:#4a154b;color:#fff;border-radius:.4rem;text-decoration:none}`

var layout = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>` + style + `</style>
</head><body><h1>{{.Title}}</h1><p>{{.Text}}</p>{{if .Again}}<a href="/slack/install">Begin again</a>{{end}}</body></html>
`))

// page renders an outcome. The address carries a code, so nothing may remember or refer to it, which every answer says.
func page(c echo.Context, o outcome) error {
	hash := sha256.Sum256([]byte(style))
	c.Response().Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	var b strings.Builder
	if err := layout.Execute(&b, o); err != nil {
		return err
	}
	return c.HTML(o.Status, b.String())
}
