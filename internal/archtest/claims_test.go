package archtest_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write TRUST.md anew")

// topic is a part of claims.yaml.
type topic struct {
	Topic  string `yaml:"topic"`
	Claims []struct {
		Says  string   `yaml:"says"`
		Code  string   `yaml:"code"`
		Tests []string `yaml:"tests"` // "package Test"
	} `yaml:"claims"`
}

// Every claim names code and tests that are there, and TRUST.md says what claims.yaml says. The tests pass, or this run
// fails as a whole.
func TestClaims(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(root, "claims.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var topics []topic
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(&topics); err != nil {
		t.Fatal(err)
	}
	tests := make(map[string][]string) // by package
	said := make(map[string]bool)
	for _, p := range topics {
		if p.Topic == "" || len(p.Claims) == 0 {
			t.Errorf("topic %q without claims", p.Topic)
		}
		for _, c := range p.Claims {
			if said[c.Says] || !strings.HasSuffix(c.Says, ".") {
				t.Errorf("claim %q is there twice, or is no sentence", c.Says)
			}
			said[c.Says] = true
			if _, err := os.Stat(filepath.Join(root, c.Code)); err != nil {
				t.Errorf("claim %q: %v", c.Says, err)
			}
			if len(c.Tests) == 0 {
				t.Errorf("claim %q has no test", c.Says)
			}
			for _, name := range c.Tests {
				pkg, test, _ := strings.Cut(name, " ")
				if _, ok := tests[pkg]; !ok {
					tests[pkg] = testsOf(t, pkg)
				}
				if !slices.Contains(tests[pkg], test) {
					t.Errorf("claim %q: package %s has no test %s", c.Says, pkg, test)
				}
			}
		}
	}
	page := filepath.Join(root, "TRUST.md")
	want := trustPage(topics)
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil { //nolint:gosec // part of the repository
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || !bytes.Equal(got, want) {
		t.Errorf("TRUST.md is not what claims.yaml says (%v): go test ./internal/archtest -run Claims -args -update", err)
	}
}

// testsOf lists the tests of a package.
func testsOf(t *testing.T, pkg string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

func trustPage(topics []topic) []byte {
	var b bytes.Buffer
	b.WriteString("# Trust\n\nWhat we promise, and what shows that it is true: each sentence names the code that makes it so and the tests that fail\n" +
		"where it is not. This page is made from `claims.yaml`; `make test` runs all of it.\n")
	for _, p := range topics {
		fmt.Fprintf(&b, "\n## %s\n\n", p.Topic)
		for _, c := range p.Claims {
			shown := make([]string, len(c.Tests))
			for i, name := range c.Tests {
				pkg, test, _ := strings.Cut(name, " ")
				shown[i] = fmt.Sprintf("[`%s`](%s)", test, pkg)
			}
			fmt.Fprintf(&b, "- %s\n  <br>[`%s`](%s) · %s\n", c.Says, c.Code, c.Code, strings.Join(shown, " · "))
		}
	}
	b.WriteString("\n## What we do not promise\n\n" +
		"- Messages in Slack are Slack's and yours: we never edit, move or delete anybody else's.\n" +
		"- Ids, labels, priorities, times and summaries are kept while the app is installed; ids and times are not sealed.\n" +
		"- Backups of the main database hold sealed text until they expire. Nobody can read it once its key is destroyed, but the bytes are there.\n" +
		"- It is no end-to-end encryption: the service opens text to triage it, and where a model is configured, its provider reads it.\n")
	return b.Bytes()
}
