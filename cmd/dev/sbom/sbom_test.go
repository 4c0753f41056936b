package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const repository = "../../.."

// built builds the product as machines of developers do; how a release is built is another test.
func built(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "echosynch")
	output(t, repository, nil, "go", "build", "-buildvcs=false", "-o", binary, "./cmd/echosynch")
	return binary
}

func output(t *testing.T, dir string, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSpace(string(out))
}

// bill is what we look at of one.
type bill struct {
	SerialNumber string
	Metadata     struct{ Component component }
	Components   []component
}

type component struct {
	Name, Version, Purl string
	Hashes              []struct{ Alg, Content string }
	Licenses            []struct{ License struct{ ID, Name string } }
}

func TestTheBillNamesAllThatIsInTheBinary(t *testing.T) {
	t.Parallel()
	binary := built(t)
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := run(binary, out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two bills of one binary differ")
	}
	validate(t, first.Bytes())
	var b bill
	if err := json.Unmarshal(first.Bytes(), &b); err != nil {
		t.Fatal(err)
	}

	raw, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	product := b.Metadata.Component
	if sum := sha256.Sum256(raw); len(product.Hashes) != 1 || product.Hashes[0].Content != hexOf(sum[:]) {
		t.Errorf("the product's hash is %v", product.Hashes)
	}
	if product.Name != "github.com/echo-synch/echo-synch" {
		t.Errorf("the product is %q", product.Name)
	}

	// The go command's own reading of the binary is the measure.
	var want []string
	for line := range strings.Lines(output(t, repository, nil, "go", "version", "-m", binary)) {
		if f := strings.Fields(line); len(f) >= 3 && f[0] == "dep" {
			want = append(want, f[1]+"@"+f[2])
		}
	}
	var got []string
	for _, c := range b.Components {
		if c.Name == "std" {
			if !strings.HasPrefix(c.Version, "1.") {
				t.Errorf("the standard library has version %q", c.Version)
			}
			continue
		}
		got = append(got, c.Name+"@"+c.Version)
		if len(c.Hashes) != 1 || len(c.Hashes[0].Content) != 64 || !strings.HasPrefix(c.Purl, "pkg:golang/"+c.Name+"@v") {
			t.Errorf("%s: hashes %v, purl %q", c.Name, c.Hashes, c.Purl)
		}
	}
	if len(got) < 50 || len(got) != len(b.Components)-1 || !slices.Equal(got, want) {
		t.Errorf("the bill names\n%v\nwant\n%v", got, want)
	}
	wantPermissive(t, b.Components)
}

// undeclared are modules without a licence of their own, with the reason for using them all the same.
var undeclared = map[string]string{
	"github.com/nexus-rpc/nexus-proto-annotations": "generated code of Temporal's; its siblings by the same people are MIT",
}

func wantPermissive(t *testing.T, components []component) {
	t.Helper()
	for _, c := range components {
		if len(c.Licenses) == 0 && undeclared[c.Name] == "" {
			t.Errorf("%s has no licence", c.Name)
		}
		for _, l := range c.Licenses {
			if !slices.Contains(permissive, l.License.ID) {
				t.Errorf("%s: licence %q %q is not among %v", c.Name, l.License.ID, l.License.Name, permissive)
			}
		}
	}
}

// validate holds a bill against CycloneDX's own schema, which comes with its library.
func validate(t *testing.T, document []byte) {
	t.Helper()
	dir := filepath.Join(output(t, ".", nil, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go"), "schema")
	const base = "http://cyclonedx.org/schema/"
	c := jsonschema.NewCompiler()
	for id, file := range map[string]string{
		"bom-1.6.schema.json": "bom-1.6.schema.json", "spdx.schema.json": "spdx.schema.json", "jsf-0.82.schema.json": "jsf-0.82.schemax.json",
	} {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(base+id, decode(t, raw)); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile(base + "bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(decode(t, document)); err != nil {
		t.Errorf("not a CycloneDX bill: %v", err)
	}
	broken := bytes.Replace(document, []byte(`"purl"`), []byte(`"prul"`), 1)
	if schema.Validate(decode(t, broken)) == nil {
		t.Error("the schema accepts anything")
	}
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestLicences(t *testing.T) {
	t.Parallel()
	apache, err := os.ReadFile(filepath.Join(repository, "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"none":          {map[string]string{"README.md": "MIT"}, nil},
		"Apache":        {map[string]string{"LICENSE": string(apache)}, []string{"Apache-2.0"}},
		"not a known":   {map[string]string{"COPYING.txt": "All rights reserved."}, []string{unknown}},
		"more than one": {map[string]string{"LICENSE": string(apache), "LICENSE-other.md": "You may not."}, []string{"Apache-2.0", unknown}},
	} {
		dir := t.TempDir()
		for file, text := range tt.files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := licencesIn(dir); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, tt.want)
		}
	}
	if _, err := licencesIn(filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a module that is not there has no licence, but no error either")
	}
}
