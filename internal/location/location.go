// Package location is the list of places where a model may be asked. It is data: to allow another place is to add a line.
package location

import (
	_ "embed"
	"errors"
	"strings"
	"sync"
)

// Location is a place of Vertex AI.
type Location struct {
	Name         string
	Jurisdiction string // "eu", or the code of a country
	Host         string
}

// EU reports whether what is sent there stays in the European Union.
func (l Location) EU() bool { return l.Jurisdiction == "eu" }

// ErrUnknown: no place of the list. "global" is none, because it promises no residency.
var ErrUnknown = errors.New("is not a known location: use eu, us or a region such as europe-west1")

//go:embed locations.txt
var file string

var known = sync.OnceValue(func() map[string]Location {
	all := make(map[string]Location)
	for line := range strings.Lines(file) {
		if f := strings.Fields(line); len(f) == 3 && f[0] != "#" {
			all[f[0]] = Location{Name: f[0], Jurisdiction: f[1], Host: f[2]}
		}
	}
	return all
})

// Of finds a location by its exact name, or tells [ErrUnknown].
func Of(name string) (Location, error) {
	l, ok := known()[name]
	if !ok {
		return Location{}, ErrUnknown
	}
	return l, nil
}

// Hosts are the hosts of all locations.
func Hosts() (hosts []string) {
	for _, l := range known() {
		hosts = append(hosts, l.Host)
	}
	return hosts
}
