package export

import (
	"html/template"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// outcome is one page a person may see.
type outcome struct {
	Status      int
	Title, Text string
	Offer       bool // the button
}

var (
	pageOffer = outcome{http.StatusOK, "Download the export of your workspace",
		"The file holds everything that Echo-Synch stores of the workspace, with all texts that are still there. The button works once; a download that breaks off needs a new link.", true}
	// Wrong, used and expired links look alike.
	pageGone = outcome{http.StatusNotFound, "There is no export here",
		"A link to an export works once, within 24 hours. Ask whoever gave it to you for another one.", false}
	pageUnavailable = outcome{http.StatusServiceUnavailable, "Please try again in a minute",
		"The export cannot be made just now. If the link does not work any more then, ask for another one.", false}
)

var layout = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#1d1c1d}
button{font:inherit;margin-top:1rem;padding:.6rem 1rem;background:#4a154b;color:#fff;border:0;border-radius:.4rem;cursor:pointer}</style>
</head><body><h1>{{.Title}}</h1><p>{{.Text}}</p>{{if .Offer}}<form method="post"><button>Download</button></form>{{end}}</body></html>
`))

// secure sets what every answer carries: the address is a secret, so nothing may remember, index or refer to it.
func secure(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Referrer-Policy", "no-referrer")
}

func page(c echo.Context, o outcome) error {
	h := c.Response().Header()
	secure(h)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	var b strings.Builder
	if err := layout.Execute(&b, o); err != nil {
		return err
	}
	return c.HTML(o.Status, b.String())
}
