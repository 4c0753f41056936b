package slacksim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/slacksim"
)

// The app lives with a neighbour's token as with Acme's, and Acme's world does not know of it.
func TestANeighbourIsNotPartOfTheWorld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sim.Admit(slacksim.Neighbour{Team: "T0NEXT", Bot: "U0NEXTBOT", Channel: "C0NEXT", Token: "xoxb-next"})
	client := slack.New("xoxb-next", slack.OptionAPIURL(b.url+"/api/"))
	if r, err := client.AuthTestContext(t.Context()); err != nil || r.TeamID != "T0NEXT" || r.UserID != "U0NEXTBOT" {
		t.Errorf("auth.test: %+v, %v", r, err)
	}
	channel, ts, err := client.PostMessageContext(t.Context(), "C0NEXT", slack.MsgOptionText("secret of the neighbour", false), slack.MsgOptionTS("1.000001"))
	if err != nil || channel != "C0NEXT" || ts == "" {
		t.Errorf("post: %s %s %v", channel, ts, err)
	}
	if _, err := client.GetUsersContext(t.Context()); err == nil {
		t.Error("the neighbour lists people, and has none")
	}
	response, err := http.Get(b.url + "/sim/state") //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	state, err := io.ReadAll(response.Body)
	if err != nil || !json.Valid(state) || strings.Contains(string(state), "NEXT") || strings.Contains(string(state), "neighbour") {
		t.Errorf("state: %s, %v", state, err)
	}
}
