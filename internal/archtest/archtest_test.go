// Package archtest holds the tests that keep the shape of the code: who may import whom, and a few habits that no linter
// knows. It is not about behaviour. It parses files instead of asking the go command, so its result is cached rightly.
package archtest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/echo-synch/echo-synch/"
	root   = "../.."
)

// file is a parsed Go file with its slash-separated path below the root.
type file struct {
	path string
	ast  *ast.File
	set  *token.FileSet
}

func (f file) dir() string  { return path.Dir(f.path) }
func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// at prefixes a complaint with the place it is about.
func (f file) at(n ast.Node, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", f.path, f.set.Position(n.Pos()).Line) + fmt.Sprintf(format, args...)
}

// rules are the checks; each returns its complaints about one file.
func rules() []func(file) []string {
	return []func(file) []string{imports, environment, pool, sleep, initFunc, leftovers}
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	files := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		files++
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		for _, rule := range rules() {
			for _, complaint := range rule(file{filepath.ToSlash(below), parsed, set}) {
				t.Error(complaint)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 {
		t.Errorf("only %d Go files found below %s", files, root)
	}
}

// imports compares a file with the table. Tests may import what they like.
func imports(f file) []string {
	if f.isTest() {
		return nil
	}
	row, ok := rowOf(f.dir())
	if !ok {
		return []string{f.at(f.ast.Name, "package %s: a new noun needs its row in the import table", f.dir())}
	}
	var complaints []string
	for _, spec := range f.ast.Imports {
		name := importPath(spec)
		ours, isOurs := strings.CutPrefix(name, module)
		switch {
		case isOurs && !row.allows(ours):
			complaints = append(complaints, f.at(spec, "%s may not import %s", f.dir(), ours))
		case !isOurs && row.standardOnly && isForeign(name):
			complaints = append(complaints, f.at(spec, "%s may import the standard library only, not %s", f.dir(), name))
		}
	}
	return complaints
}

// environment keeps reading the environment in one package; commands pass os.Getenv to it, and cmd/dev is no product.
func environment(f file) []string {
	if f.isTest() || f.dir() == "internal/config" || isTestHelper(f.dir()) || strings.HasPrefix(f.path, "cmd/") {
		return nil
	}
	return calls(f, "os", "only internal/config reads the environment", "Getenv", "LookupEnv", "Environ")
}

// pool keeps the connection pool behind the stores' doors.
func pool(f file) []string {
	if f.isTest() || isTestHelper(f.dir()) || strings.HasPrefix(f.path, "cmd/dev/") ||
		slices.Contains([]string{"internal/postgres", "internal/keystore"}, f.dir()) {
		return nil
	}
	if spec := imported(f, "github.com/jackc/pgx/v5/pgxpool"); spec != nil {
		return []string{f.at(spec, "only postgres and keystore hold a connection pool")}
	}
	return nil
}

// sleep: a test waits for a condition, never for a while.
func sleep(f file) []string {
	if !f.isTest() {
		return nil
	}
	return calls(f, "time", "a test does not sleep", "Sleep")
}

// initFunc: nothing happens before main.
func initFunc(f file) []string {
	for _, decl := range f.ast.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			return []string{f.at(fn, "no init functions")}
		}
	}
	return nil
}

// leftovers: unfinished work is an issue, not a comment.
func leftovers(f file) []string {
	var complaints []string
	for _, group := range f.ast.Comments {
		for _, comment := range group.List {
			for _, word := range []string{"TO" + "DO", "FIX" + "ME"} {
				if strings.Contains(comment.Text, word) {
					complaints = append(complaints, f.at(comment, "%s in a comment", word))
				}
			}
		}
	}
	return complaints
}

// calls finds uses of the named functions of a standard package, whatever name it is imported under.
func calls(f file, pkg, complaint string, names ...string) []string {
	spec := imported(f, pkg)
	if spec == nil {
		return nil
	}
	local := pkg
	if spec.Name != nil {
		local = spec.Name.Name
	}
	var complaints []string
	ast.Inspect(f.ast, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := selector.X.(*ast.Ident); ok && x.Name == local && slices.Contains(names, selector.Sel.Name) {
			complaints = append(complaints, f.at(n, "%s.%s: %s", pkg, selector.Sel.Name, complaint))
		}
		return true
	})
	return complaints
}

// imported returns the import of name in f, or nil.
func imported(f file, name string) *ast.ImportSpec {
	for _, spec := range f.ast.Imports {
		if importPath(spec) == name {
			return spec
		}
	}
	return nil
}

// importPath cannot fail on a file that was parsed.
func importPath(spec *ast.ImportSpec) string {
	name, _ := strconv.Unquote(spec.Path.Value)
	return name
}

// isForeign reports whether an import path is outside the standard library: its first element has a dot.
func isForeign(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return strings.Contains(first, ".")
}

// isTestHelper is true of packages that only tests import, such as postgrestest.
func isTestHelper(dir string) bool { return strings.HasSuffix(dir, "test") }

// The rules must be able to fail.
func TestRulesComplain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path, source string
		want         string
	}{
		"forbidden import":    {"internal/helpdesk/x.go", `import "` + module + `internal/postgres"`, "internal/helpdesk may not import internal/postgres"},
		"allowed import":      {"internal/helpdesk/x.go", `import "` + module + `internal/sla"`, ""},
		"below a row":         {"api/slack/x.go", `import "` + module + `internal/intake"`, ""},
		"below a row, not":    {"api/slack/x.go", `import "` + module + `internal/config"`, "api/slack may not import internal/config"},
		"app by another":      {"workflows/x.go", `import "` + module + `internal/app"`, "workflows may not import internal/app"},
		"simulator by app":    {"internal/app/x.go", `import "` + module + `internal/slacksim"`, "internal/app may not import internal/slacksim"},
		"unknown package":     {"internal/manager/x.go", ``, "package internal/manager: a new noun needs its row in the import table"},
		"foreign in domain":   {"internal/sla/x.go", `import "github.com/google/uuid"`, "internal/sla may import the standard library only, not github.com/google/uuid"},
		"environment":         {"api/x.go", `import sys "os"; var _ = sys.Getenv("X")`, "os.Getenv: only internal/config reads the environment"},
		"environment in cmd":  {"cmd/echosynch/x.go", `import "os"; var _ = os.Getenv`, ""},
		"pool":                {"internal/intake/x.go", `import _ "github.com/jackc/pgx/v5/pgxpool"`, "only postgres and keystore hold a connection pool"},
		"pool at home":        {"internal/postgres/x.go", `import _ "github.com/jackc/pgx/v5/pgxpool"`, ""},
		"sleep":               {"api/x_test.go", `import "time"; func f() { time.Sleep(1) }`, "time.Sleep: a test does not sleep"},
		"init":                {"api/x.go", `func init() {}`, "no init functions"},
		"comment left behind": {"api/x.go", "// TO" + "DO: more", "TO" + "DO in a comment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, tt.path, "package x\n"+tt.source, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, rule := range rules() {
				got = append(got, rule(file{tt.path, parsed, set})...)
			}
			want := []string{tt.path + ":2: " + tt.want}
			if name == "unknown package" {
				want[0] = tt.path + ":1: " + tt.want
			}
			if tt.want == "" {
				want = nil
			}
			if !slices.Equal(got, want) {
				t.Errorf("complaints = %q, want %q", got, want)
			}
		})
	}
}
