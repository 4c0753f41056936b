package slacksim

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed static
var static embed.FS

// page serves the page for people: one document, its script and its style.
func page() http.Handler {
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the directory is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(files)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'; base-uri 'none'; frame-ancestors 'none'")
		http.ServeFileFS(w, r, files, "page.html")
	})
	return mux
}
