package blockkit_test

import (
	"slices"
	"testing"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The menu names only requests that may be followed: open, earlier, and themselves no duplicates. A duplicate, and a request
// that has some, has no menu.
func TestWhatMayBeFollowed(t *testing.T) {
	t.Parallel()
	similar := func(r *blockkit.Request) {
		incident(r)
		r.Kin.Similar = append(r.Kin.Similar, fourteen)
	}
	for name, tt := range map[string]struct {
		changes []func(*blockkit.Request)
		offered []helpdesk.Action
		options []string
	}{
		"of three, one":  {[]func(*blockkit.Request){similar}, []helpdesk.Action{"take", "waiting", "resolve", "priority", "label", "duplicate", "not_request"}, []string{twelve.ID.String()}},
		"none":           {[]func(*blockkit.Request){func(r *blockkit.Request) { r.Kin.Similar = []helpdesk.Peer{thirteen} }, among}, []helpdesk.Action{"take", "waiting", "resolve", "priority", "label", "not_request"}, nil},
		"a duplicate":    {[]func(*blockkit.Request){follower}, []helpdesk.Action{"not_duplicate", "not_request"}, nil},
		"resolved so":    {[]func(*blockkit.Request){resolved, follower}, []helpdesk.Action{"not_duplicate"}, nil},
		"an original":    {[]func(*blockkit.Request){similar, followed}, []helpdesk.Action{"take", "waiting", "resolve", "priority", "label", "not_request"}, nil},
		"resolved":       {[]func(*blockkit.Request){similar, resolved}, nil, nil},
		"a left channel": {[]func(*blockkit.Request){similar, channelLeft}, nil, nil},
	} {
		for shown, c := range map[string]rendered{"receipt": receipt(tt.changes...), "card": card(tt.changes...)} {
			if got := buttons(t, c.Blocks); !slices.Equal(got, tt.offered) {
				t.Errorf("%s, %s: %q, want %q", name, shown, got, tt.offered)
			}
			var options []string
			for _, m := range menus(c.Blocks) {
				if m.ActionID == string(helpdesk.Join) {
					options = values(m)
				}
			}
			if !slices.Equal(options, tt.options) {
				t.Errorf("%s, %s: %q, want %q", name, shown, options, tt.options)
			}
		}
	}
}

func values(m *slack.SelectBlockElement) (all []string) {
	for _, o := range m.Options {
		all = append(all, o.Value)
	}
	return all
}
