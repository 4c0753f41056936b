package observe

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getsentry/sentry-go"
)

// fill puts a marker into every string of a value, whatever the version of Sentry's library has there.
func fill(v reflect.Value, depth int) {
	if depth > 8 {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("marker")
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, depth+1)
		fill(value, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Interface:
		if v.Type().NumMethod() == 0 {
			v.Set(reflect.ValueOf("marker"))
		}
	}
}

// Of an event that holds something everywhere only the list leaves the process.
func TestAllowed(t *testing.T) {
	t.Parallel()
	var e sentry.Event
	fill(reflect.ValueOf(&e).Elem(), 0)
	e.Type = "" // of an error
	for key := range tags {
		e.Tags[key] = "marker of a person"
	}
	e.Exception[0].Type = "marker: a message"
	raw, err := json.Marshal(allowed(&e))
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	var found []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, below := range v {
				walk(path+"."+key, below)
			}
		case []any:
			for _, below := range v {
				walk(path, below)
			}
		case string:
			if strings.Contains(v, "marker") {
				found = append(found, path)
			}
		}
	}
	walk("", out)
	slices.Sort(found)
	want := []string{
		".environment", ".event_id", ".exception.stacktrace.frames.filename", ".exception.stacktrace.frames.function",
		".exception.stacktrace.frames.module", ".level", ".platform", ".release", ".sdk.name", ".sdk.version",
	}
	if !slices.Equal(found, want) {
		t.Errorf("leaves the process: %v, want %v\n%s", found, want, raw)
	}
}
