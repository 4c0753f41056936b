package main

import (
	"context"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/postgres"
)

func TestHideAddresses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, step := range []struct {
		word string
		want bool
	}{{"on", true}, {"on", true}, {"off", false}} {
		b.does(t, "workspace hide-addresses T0ACME "+step.word, "")
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			w, err := tx.Workspace(ctx)
			if w.Settings.HideAddresses != step.want || w.Settings.Zone != "UTC" {
				t.Errorf("after %s: %+v", step.word, w.Settings)
			}
			return err
		})
	}
	if got := execute(t.Context(), b.environ, strings.Fields("workspace hide-addresses T0ACME maybe")...); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
}
