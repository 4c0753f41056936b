// Package suspicion notices that a message was written to steer a model. It decides nothing: what steers a model steers no more
// than its own label, priority and summary; agents are told, so that they look at those.
package suspicion

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed rules.txt
var rulesFile string

// longest is how much of a message is looked at, in bytes: what steers must be where it is read.
const longest = 16 << 10

// Steers reports whether a text reads like an attempt to steer the model.
func Steers(text string) bool {
	text = text[:min(len(text), longest)]
	for _, r := range rules() {
		if r.MatchString(text) {
			return true
		}
	}
	return false
}

// rules compiles the file once: one expression for each name.
var rules = sync.OnceValue(func() (compiled []*regexp.Regexp) {
	for _, section := range strings.Split(rulesFile, "\n[")[1:] {
		var alternatives []string
		for i, line := range strings.Split(section, "\n") {
			if line != "" && i > 0 && line[0] != '#' {
				alternatives = append(alternatives, line)
			}
		}
		compiled = append(compiled, regexp.MustCompile("(?is)"+strings.Join(alternatives, "|")))
	}
	return compiled
})
