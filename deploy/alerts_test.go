package deploy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"github.com/echo-synch/echo-synch/internal/observe"
)

// An alert on a figure that nobody gives never rings.
func TestAlertsWatchFiguresThatThereAre(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("prometheus/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr         string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	var known strings.Builder
	descriptions := make(chan *prometheus.Desc, 1000)
	observe.NewMetrics().Registry.Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		known.WriteString(d.String())
	}
	watched := map[string]bool{}
	for _, r := range file.Groups[0].Rules {
		names := regexp.MustCompile(`echosynch_\w+`).FindAllString(r.Expr, -1)
		if len(names) == 0 || r.Annotations["summary"] == "" || r.Labels["severity"] == "" {
			t.Errorf("%s watches nothing, or does not say what it means", r.Alert)
		}
		for _, name := range names {
			watched[name] = true
			if !strings.Contains(known.String(), `fqName: "`+name+`"`) {
				t.Errorf("%s watches %s, which is no figure of ours", r.Alert, name)
			}
		}
	}
	for _, name := range []string{"echosynch_erasures_overdue", "echosynch_swept_timestamp_seconds", "echosynch_purge_seconds_left"} {
		if !watched[name] {
			t.Errorf("nobody watches %s", name)
		}
	}
}
