package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// materials are what a binary is made of.
type materials struct {
	sum      [sha256.Size]byte // of the binary
	build    *buildinfo.BuildInfo
	modules  []debug.Module      // as built: replacements in place of what they replace
	licences map[string][]string // SPDX ids by module path
}

// read takes them from the binary.
func read(binary string) (*materials, error) {
	f, err := os.Open(binary)
	if err != nil {
		return nil, fmt.Errorf("open binary: %w", err)
	}
	defer f.Close()
	m := &materials{}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, fmt.Errorf("hash %s: %w", binary, err)
	}
	h.Sum(m.sum[:0])
	if m.build, err = buildinfo.Read(f); err != nil {
		return nil, fmt.Errorf("read build of %s: %w", binary, err)
	}
	for _, d := range m.build.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		m.modules = append(m.modules, *d)
	}
	return m, nil
}

// setting is a setting of the build; empty where it was not set.
func (m *materials) setting(key string) string {
	for _, s := range m.build.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// write writes the bill.
func (m *materials) write(out io.Writer) error {
	bom := cdx.NewBOM()
	// A random number, or the clock, would make another bill of the same binary.
	bom.SerialNumber = "urn:uuid:" + uuid(m.sum)
	product := m.component(m.build.Main, cdx.ComponentTypeApplication)
	product.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(m.sum[:])}}
	product.Properties = m.properties()
	bom.Metadata = &cdx.Metadata{Component: &product, Timestamp: m.setting("vcs.time")}

	std := debug.Module{Path: "std", Version: strings.TrimPrefix(m.build.GoVersion, "go")}
	parts := []cdx.Component{m.component(std, cdx.ComponentTypeLibrary)}
	for _, module := range m.modules {
		parts = append(parts, m.component(module, cdx.ComponentTypeLibrary))
	}
	bom.Components = &parts
	// Every module that was linked is here; which of them needs which the binary does not say.
	bom.Compositions = &[]cdx.Composition{{
		Aggregate: cdx.CompositionAggregateComplete, Assemblies: &[]cdx.BOMReference{cdx.BOMReference(product.BOMRef)},
	}}
	e := cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON)
	e.SetPretty(true)
	if err := e.EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return fmt.Errorf("encode bill: %w", err)
	}
	return nil
}

func (m *materials) component(module debug.Module, kind cdx.ComponentType) cdx.Component {
	name := "pkg:golang/" + module.Path + "@" + module.Version
	c := cdx.Component{
		BOMRef: name, Type: kind, Name: module.Path, Version: module.Version,
		// "+" means a space to some readers of such names.
		PackageURL: strings.ReplaceAll(strings.ReplaceAll(name, "+", "%2B"), "(devel)", "devel"), Scope: cdx.ScopeRequired,
	}
	// go.sum's h1 is a SHA-256 over the hashes of the module's files.
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(module.Sum, "h1:")); err == nil && len(sum) == sha256.Size {
		c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
	}
	if ids := m.licences[module.Path]; len(ids) > 0 {
		var choices cdx.Licenses
		for _, id := range ids {
			licence := &cdx.License{ID: id}
			if id == unknown { // which is in no list of ids
				licence = &cdx.License{Name: id}
			}
			choices = append(choices, cdx.LicenseChoice{License: licence})
		}
		c.Licenses = &choices
	}
	return c
}

// properties are the settings of the build, which another build needs to give the same binary.
func (m *materials) properties() *[]cdx.Property {
	properties := []cdx.Property{{Name: "echosynch:build:go", Value: m.build.GoVersion}}
	for _, s := range m.build.Settings {
		properties = append(properties, cdx.Property{Name: "echosynch:build:" + s.Key, Value: s.Value})
	}
	return &properties
}

// uuid makes one of a hash, as RFC 9562 has it for values of one's own (version 8).
func uuid(sum [sha256.Size]byte) string {
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
