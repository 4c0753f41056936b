package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/secret"
)

const token = "xoxb-marker"

// holder has a secret in every place where somebody else's struct can have one. fmt does not ask the methods of what
// stands in an unexported field.
type holder struct {
	Exported, hidden   secret.Value
	Pointer, pointer   *secret.Value
	Slice, slice       []secret.Value
	Array, array       [1]secret.Value
	Map, byName        map[string]secret.Value
	Any, any           any
	Inner, inner       inner
	Pointed, pointed   *inner
	Function, function func() string `json:"-" xml:"-"` // no encoder takes functions
}

type inner struct{ Exported, hidden secret.Value }

func newHolder(v secret.Value) holder {
	in := inner{v, v}
	return holder{
		Exported: v, hidden: v, Pointer: &v, pointer: &v, Slice: []secret.Value{v}, slice: []secret.Value{v},
		Array: [1]secret.Value{v}, array: [1]secret.Value{v},
		Map: map[string]secret.Value{"k": v}, byName: map[string]secret.Value{"k": v},
		Any: v, any: v, Inner: in, inner: in, Pointed: &in, pointed: &in, Function: v.Reveal, function: v.Reveal,
	}
}

// places are the shapes in which a secret reaches a printer.
func places() map[string]any {
	v := secret.New(token)
	h, in := newHolder(v), inner{v, v}
	pointer := &v
	return map[string]any{
		"itself": v, "pointer": &v, "pointer to a pointer": &pointer, "slice": []secret.Value{v}, "pointers": []*secret.Value{&v},
		"array": [1]secret.Value{v}, "map": map[string]secret.Value{"k": v}, "any": []any{v, &v}, "holder": h, "pointer to a holder": &h,
		"holders": []holder{h}, "map of holders": map[string]holder{"k": h}, "inner": in, "pointer to inner": &in,
		"unnamed": struct{ hidden secret.Value }{v}, "error": fmt.Errorf("ask %v: %w", v, errors.New("refused")),
	}
}

// leak finds the token in what was printed, whatever the notation.
func leak(out string) string {
	for _, form := range []string{"%s", "%x", "%X", "% x", "% X", "%#x", "%d", "%v", "%o", "%b", "%c", "%U", "%q"} {
		for _, part := range []any{token[5:], []byte(token[5:]), []rune(token[5:])} {
			if printed := fmt.Sprintf(form, part); !strings.HasPrefix(printed, "%!") && strings.Contains(out, strings.Trim(printed, `[]"`)) {
				return form
			}
		}
	}
	return ""
}

func TestNoVerbPrintsASecret(t *testing.T) {
	t.Parallel()
	for name, place := range places() {
		for _, verb := range "vTtbcdoOqxXUeEfFgGspwz" {
			for _, flags := range []string{"", "+", "#", "-40", "040", " ", "+#", "# ", ".3", "200.100"} {
				format := "%" + flags + string(verb)
				out := fmt.Sprintf(format, place)
				if form := leak(out); form != "" {
					t.Errorf("%s: %s prints the secret as %s: %s", name, format, form, out)
				}
			}
		}
		if out := fmt.Sprint(place) + fmt.Sprintln(place); leak(out) != "" {
			t.Errorf("%s: Sprint prints the secret: %s", name, out)
		}
	}
}

func TestNoEncoderPrintsASecret(t *testing.T) {
	t.Parallel()
	for name, place := range places() {
		if out, err := json.Marshal(place); err != nil || leak(string(out)) != "" {
			t.Errorf("%s: json = %s, %v", name, out, err)
		}
		// These two refuse some of the shapes; what they wrote until then counts, and what they complain of.
		for kind, encode := range map[string]func(io.Writer) error{
			"xml": func(w io.Writer) error { return xml.NewEncoder(w).Encode(place) },
			"gob": func(w io.Writer) error { return gob.NewEncoder(w).Encode(place) },
		} {
			var out bytes.Buffer
			if err := encode(&out); err != nil {
				out.WriteString(err.Error())
			}
			if leak(out.String()) != "" {
				t.Errorf("%s: %s = %q", name, kind, out.String())
			}
		}
	}
}

func TestNoLogPrintsASecret(t *testing.T) {
	t.Parallel()
	for name, place := range places() {
		var out bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			log := slog.New(h)
			log.Info("said", "v", place)
			log.With("v", place).WithGroup("g").Info("said", slog.Any("v", place), slog.Group("h", "v", place))
		}
		if form := leak(out.String()); form != "" {
			t.Errorf("%s: the log shows the secret as %s: %s", name, form, out.String())
		}
	}
}

// Where a secret can be asked it says that it is one.
func TestWhatStandsInstead(t *testing.T) {
	t.Parallel()
	const redacted = "[redacted]"
	v := secret.New(token)
	for name, got := range map[string]string{
		"%v": fmt.Sprintf("%v", v), "%+v": fmt.Sprintf("%+v", v), "%#v": fmt.Sprintf("%#v", v), "%s": fmt.Sprintf("%s", &v),
		"%q": fmt.Sprintf("%q", v), "%x": fmt.Sprintf("%x", v), "String": v.String(), "GoString": v.GoString(),
		"LogValue": v.LogValue().String(), "an empty one": secret.Value{}.String(),
	} {
		if got != redacted {
			t.Errorf("%s = %s", name, got)
		}
	}
	if out, err := json.Marshal(inner{v, v}); err != nil || string(out) != `{"Exported":"[redacted]"}` {
		t.Errorf("json = %s, %v", out, err)
	}
	if out, err := json.Marshal(map[string]secret.Value{"k": v}); err != nil || string(out) != `{"k":"[redacted]"}` {
		t.Errorf("json of a map = %s, %v", out, err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("said", "v", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("said", "v", v)
	if n := strings.Count(log.String(), redacted); n != 2 {
		t.Errorf("the logs say it %d times instead of 2: %s", n, log.String())
	}
}

func TestRevealAndEqual(t *testing.T) {
	t.Parallel()
	var zero secret.Value
	for _, tt := range []struct {
		a, b  secret.Value
		equal bool
	}{
		{secret.New("a"), secret.New("a"), true},
		{secret.New("a"), secret.New("b"), false},
		{secret.New("a"), secret.New("aa"), false},
		{secret.New("a"), zero, false},
		{secret.New(""), zero, true},
		{zero, zero, true},
	} {
		if got := tt.a.Equal(tt.b); got != tt.equal || tt.b.Equal(tt.a) != tt.equal {
			t.Errorf("%q equals %q: %v", tt.a.Reveal(), tt.b.Reveal(), got)
		}
		// Settings that hold secrets are compared in tests.
		if got := reflect.DeepEqual(tt.a, tt.b); got != tt.equal {
			t.Errorf("%q deeply equals %q: %v", tt.a.Reveal(), tt.b.Reveal(), got)
		}
		for _, v := range []secret.Value{tt.a, tt.b} {
			if v.IsZero() != (v.Reveal() == "") {
				t.Errorf("IsZero of %q is wrong", v.Reveal())
			}
		}
	}
	if got := secret.New(token).Reveal(); got != token {
		t.Errorf("Reveal = %q", got)
	}
	if reflect.TypeFor[secret.Value]().Comparable() {
		t.Error("secrets compare with ==")
	}
}
