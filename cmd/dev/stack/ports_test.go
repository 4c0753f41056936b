package stack

import (
	"net"
	"strconv"
	"strings"
	"testing"
)

// taken is a port that something listens on until the test ends.
func taken(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", local(0)) //nolint:noctx // local and at once
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // it only held the port
	return l.Addr().(*net.TCPAddr).Port
}

func TestTakenPortIsNamedWithTheRemedy(t *testing.T) {
	t.Parallel()
	port := taken(t)
	_, err := Ports{Gemini: port}.settle()
	if err == nil {
		t.Fatal("a taken port is accepted")
	}
	for _, want := range []string{strconv.Itoa(port), "for gemini", "-port gemini="} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
}

func TestPortsThatAreZeroAreChosenAndDiffer(t *testing.T) {
	t.Parallel()
	ports, err := Ports{}.settle()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]string{}
	for name, port := range ports.Names() {
		if *port == 0 || seen[*port] != "" {
			t.Errorf("port of %s is %d, as of %q", name, *port, seen[*port])
		}
		seen[*port] = name
	}
}

func TestPortsOfGivenClustersAreNotLookedAt(t *testing.T) {
	t.Parallel()
	port := taken(t)
	ports, err := Ports{Postgres: port}.settle("postgres", "keystore")
	if err != nil {
		t.Fatal(err)
	}
	if ports.Postgres != port || ports.Keystore != 0 {
		t.Errorf("ports became %d and %d", ports.Postgres, ports.Keystore)
	}
}
