package archtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Every direct dependency of either module has its reason, and no reason is left of one that is gone.
func TestEveryDependencyHasAReason(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("dependencies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var reasons map[string]map[string]string
	if err := yaml.Unmarshal(raw, &reasons); err != nil {
		t.Fatal(err)
	}
	for _, mod := range []string{"go.mod", "cmd/dev/go.mod"} {
		text, err := os.ReadFile(filepath.Join(root, mod))
		if err != nil {
			t.Fatal(err)
		}
		modules := direct(string(text))
		if len(modules) < 5 {
			t.Errorf("%s: only %v found", mod, modules)
		}
		for _, module := range modules {
			if len(strings.Fields(reasons[mod][module])) < 2 {
				t.Errorf("%s: %s has no reason in dependencies.yaml", mod, module)
			}
			delete(reasons[mod], module)
		}
		for module := range reasons[mod] {
			t.Errorf("dependencies.yaml gives a reason for %s, which %s does not need", module, mod)
		}
		delete(reasons, mod)
	}
	for mod := range reasons {
		t.Errorf("dependencies.yaml has a part for %s, which is no module of ours", mod)
	}
}

// direct are the modules that the text of a go.mod requires for code of its own, not for what it depends on.
func direct(mod string) (modules []string) {
	inBlock := false
	for line := range strings.Lines(mod) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.Contains(line, "// indirect"):
		case fields[0] == "require" && fields[len(fields)-1] == "(":
			inBlock = true
		case fields[0] == ")":
			inBlock = false
		case fields[0] == "require" && len(fields) >= 3:
			modules = append(modules, fields[1])
		case inBlock && !strings.HasPrefix(fields[0], "//"):
			modules = append(modules, fields[0])
		}
	}
	return modules
}

func TestDirect(t *testing.T) {
	t.Parallel()
	const mod = `module example.com/x

go 1.26

require example.com/single v1.0.0

require (
	// a comment
	example.com/a v1.0.0
	example.com/b/v2 v2.0.0 // with a remark
	example.com/not v1.0.0 // indirect
)

replace example.com/a => ../a
`
	if got := strings.Join(direct(mod), " "); got != "example.com/single example.com/a example.com/b/v2" {
		t.Errorf("direct = %q", got)
	}
}
