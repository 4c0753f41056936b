package location_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/location"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for name, eu := range map[string]bool{"eu": true, "us": false, "europe-west1": true, "europe-west2": false, "europe-west6": false, "us-central1": false} {
		l, err := location.Of(name)
		if err != nil || l.EU() != eu || l.Name != name || !slices.Contains(location.Hosts(), l.Host) {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
	for _, name := range []string{
		"global", "", "EU", "europe", "europe-west", "europe-west1-a", "europe-west1.evil.example/", "evil.example/europe-west1", "europe-west1\n", " eu", "eu/", "#",
	} {
		if l, err := location.Of(name); !errors.Is(err, location.ErrUnknown) {
			t.Errorf("%q: %+v, %v", name, l, err)
		}
	}
	for _, host := range location.Hosts() {
		if !strings.HasSuffix(host, ".googleapis.com") || strings.ContainsAny(host, "/:@ ") {
			t.Errorf("host %q", host)
		}
	}
}
