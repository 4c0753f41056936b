package config_test

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"log"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// wantSilence prints a configuration and each of its parts in every way that Go has, and wants no marker in what comes out.
// What a printer complains of counts as printed.
func wantSilence(t *testing.T, c config.Config) {
	t.Helper()
	places := map[string]any{"whole": c, "pointer": &c, "hidden": struct{ c config.Config }{c}, "reflected": reflect.ValueOf(c), "map": map[string]config.Config{"c": c}}
	for i, v := range parts(reflect.ValueOf(c)) {
		places[fmt.Sprintf("secret %d", i)] = v
	}
	if len(places) < 10 {
		t.Errorf("only %d places to print", len(places))
	}
	for where, place := range places {
		for how, print := range printers() {
			var out bytes.Buffer
			if err := print(&out, place); err != nil {
				fmt.Fprint(&out, err)
			}
			for _, marker := range []string{"marker", fmt.Sprintf("%x", "marker"), fmt.Sprintf("%X", "marker"), fmt.Sprintf("% x", "marker"), strings.Trim(fmt.Sprintf("%d", []byte("marker")), "[]")} {
				if strings.Contains(out.String(), marker) {
					t.Errorf("%s of %s shows %q", how, where, marker)
				}
			}
		}
	}
}

// parts are all secrets in a value.
func parts(v reflect.Value) (found []secret.Value) {
	if s, ok := v.Interface().(secret.Value); ok {
		return []secret.Value{s}
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			found = append(found, parts(v.Field(i))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, parts(v.Index(i))...)
		}
	}
	return found
}

func printers() map[string]func(io.Writer, any) error {
	all := map[string]func(io.Writer, any) error{
		"Sprint":   func(w io.Writer, v any) error { _, err := fmt.Fprint(w, v); return err },
		"Sprintln": func(w io.Writer, v any) error { _, err := fmt.Fprintln(w, v); return err },
		"json":     func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) },
		"xml":      func(w io.Writer, v any) error { return xml.NewEncoder(w).Encode(v) },
		"gob":      func(w io.Writer, v any) error { return gob.NewEncoder(w).Encode(v) },
		"yaml": func(w io.Writer, v any) (err error) {
			defer func() { // it panics on what it does not take
				if p := recover(); p != nil {
					err = fmt.Errorf("%v", p)
				}
			}()
			return yaml.NewEncoder(w).Encode(v)
		},
		"text": func(w io.Writer, v any) error {
			m, ok := v.(encoding.TextMarshaler)
			if !ok {
				return nil
			}
			text, err := m.MarshalText()
			fmt.Fprintf(w, "%s", text)
			return err
		},
		"text template": func(w io.Writer, v any) error {
			return template.Must(template.New("").Parse("{{.}}{{printf `%#v` .}}")).Execute(w, v)
		},
		"html template": func(w io.Writer, v any) error {
			return htmltemplate.Must(htmltemplate.New("").Parse("{{.}}<script>{{.}}</script>")).Execute(w, v)
		},
		"log": func(w io.Writer, v any) error { log.New(w, "", 0).Print(v); return nil },
		"error": func(_ io.Writer, v any) error {
			return errors.Join(fmt.Errorf("load %v: %w", v, io.EOF), fmt.Errorf("%+v %#v", v, v))
		},
		"slog": func(w io.Writer, v any) error {
			for _, h := range []slog.Handler{slog.NewTextHandler(w, nil), slog.NewJSONHandler(w, nil)} {
				slog.New(h).With("with", v).WithGroup("g").Info("said", "v", v, slog.Group("h", "v", v))
			}
			return nil
		},
	}
	for _, verb := range "vTtbcdoOqxXUeEfFgGspw" {
		for _, flags := range []string{"", "+", "#", " ", "# ", "-40", "040", ".3"} {
			format := "%" + flags + string(verb)
			all[format] = func(w io.Writer, v any) error { _, err := fmt.Fprintf(w, format, v); return err }
		}
	}
	return all
}
