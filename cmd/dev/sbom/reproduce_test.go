package main

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// The binary that we ship depends on the sources and on Go, not on where they lie: two directories, one hash. Packages
// that are in the build cache are not compiled twice; `make reproduce` does that, too, with empty caches.
func TestTheBuildIsReproducible(t *testing.T) {
	t.Parallel()
	elsewhere := filepath.Join(t.TempDir(), "another", "place")
	for name := range strings.Lines(output(t, repository, nil, "git", "ls-files")) {
		name = strings.TrimSpace(name)
		content, err := os.ReadFile(filepath.Join(repository, name))
		if os.IsNotExist(err) { // deleted, not yet committed
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(elsewhere, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(elsewhere, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var sums []string
	for _, dir := range []string{repository, elsewhere} {
		binary := filepath.Join(t.TempDir(), "echosynch")
		output(t, dir, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./cmd/echosynch")
		raw, err := os.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(raw)
		sums = append(sums, hexOf(sum[:]))
	}
	for _, file := range []string{"deploy/Dockerfile", ".ci/release.sh", ".ci/reproduce.sh"} {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		// The image is built without .git, so that it needs no -buildvcs=false.
		flags := strings.ReplaceAll(string(text), " -buildvcs=false", "")
		if !strings.Contains(flags, `CGO_ENABLED=0`) || !strings.Contains(flags, `go build -trimpath -ldflags="-s -w" -o `) {
			t.Errorf("%s builds with other flags", file)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("built in two directories, the binary is %s and %s", sums[0], sums[1])
	}
	t.Logf("sha256 %s, twice", sums[0])
}
