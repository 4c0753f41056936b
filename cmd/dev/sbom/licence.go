package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// permissive are the licences that we may ship and sell under, keeping their notices: none asks for our own source.
var permissive = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "Unlicense", "0BSD"}

// licenceFile is what a module's licence may be called.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-.].*)?$`)

// known is how much of a licence's file must be a licence that we recognise; the rest is names and years.
const known = 75 // percent

// unknown stands for a file that we do not recognise.
const unknown = "unknown"

// findLicences reads the licence of each module from the module cache.
func (m *materials) findLicences() error {
	out, err := exec.Command("go", "env", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("find the module cache: %w", err)
	}
	cache, root, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	m.licences = map[string][]string{"std": {"BSD-3-Clause"}}
	for _, module := range m.modules {
		dir := filepath.Join(cache, escape(module.Path)+"@"+escape(module.Version))
		ids, err := licencesIn(dir)
		if err != nil {
			return fmt.Errorf("find licence of %s: %w", module.Path, err)
		}
		m.licences[module.Path] = ids
	}
	if ids, err := licencesIn(root); err == nil && len(ids) > 0 {
		m.licences["std"] = ids
	}
	return nil
}

// escape is how the module cache writes what not every file system can tell apart.
func escape(path string) string {
	return regexp.MustCompile(`[A-Z]`).ReplaceAllStringFunc(path, func(s string) string { return "!" + strings.ToLower(s) })
}

// licencesIn returns the SPDX ids of the licence files at the top of dir; none where there is no file that we recognise.
func licencesIn(dir string) (ids []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read module: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read licence: %w", err)
		}
		found := licensecheck.Scan(bytes.ToValidUTF8(text, nil))
		if found.Percent < known {
			ids = append(ids, unknown)
			continue
		}
		for _, match := range found.Match {
			ids = append(ids, match.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}
