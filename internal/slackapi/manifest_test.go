package slackapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/echo-synch/echo-synch/internal/slackapi"
)

var update = flag.Bool("update", false, "write the golden files")

func manifest(t *testing.T) []byte {
	t.Helper()
	got, err := json.MarshalIndent(slackapi.NewManifest("https://echo.example.com"), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(got, '\n')
}

// The manifest as an operator pastes it into Slack.
func TestManifest(t *testing.T) {
	t.Parallel()
	got := manifest(t)
	golden := filepath.Join("testdata", "manifest.json")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("manifest is\n%s\nwant\n%s", got, want)
	}
}

// Slack's public schema stands beside the repository where the fixtures are checked out.
func TestManifestFollowsSlacksSchema(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "shared", "fixtures", "slack", "manifest-schema")
	schema := compile(t, dir)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifest(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
	misspelt, _ := document.(map[string]any)
	misspelt["setings"] = misspelt["settings"]
	if schema.Validate(misspelt) == nil {
		t.Error("the schema takes anything")
	}
}

// compile reads the schema of version 2, or skips.
func compile(t *testing.T, dir string) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "schemas", "manifest.schema.2.0.0.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("Slack's manifest schema is not checked out")
	}
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.UseRegexpEngine(func(pattern string) (jsonschema.Regexp, error) { // Go has no look-ahead; only domains have one, and we set none
		return regexp.Compile(strings.ReplaceAll(pattern, `(?![\.\-])`, ""))
	})
	if err := c.AddResource("https://slack.example/manifest.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("https://slack.example/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
