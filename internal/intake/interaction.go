package intake

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// interaction is what we read of a button press: our own minimal struct, as for events.
type interaction struct {
	Type         string `json:"type"`
	TriggerID    string `json:"trigger_id"`
	IsOrgInstall bool   `json:"is_enterprise_install"`
	Team         struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	Container struct {
		ChannelID string `json:"channel_id"`
		MessageTS string `json:"message_ts"`
	} `json:"container"`
	Actions []struct {
		ActionID       string `json:"action_id"`
		BlockID        string `json:"block_id"`
		Value          string `json:"value"`
		ActionTS       string `json:"action_ts"`
		SelectedOption struct {
			Value string `json:"value"`
		} `json:"selected_option"`
	} `json:"actions"`
}

// requestBlock begins the id of the block that holds a request's buttons.
const requestBlock = "request/"

// ParseInteraction reads the payload of a signed request to the interactions address. Only presses of a request's own
// buttons and menus are followed. It wraps [helpdesk.ErrInvalid] where the payload can never be of use. received is when
// it came, for a press that does not tell.
func ParseInteraction(payload []byte, received time.Time) (Received, error) {
	var in interaction
	if err := json.Unmarshal(payload, &in); err != nil || in.Type == "" {
		return Received{}, fmt.Errorf("read interaction: not the JSON of one: %w", helpdesk.ErrInvalid)
	}
	r := Received{DeliveryID: in.TriggerID, Team: in.Team.ID, Skip: SkipUnhandled}
	switch {
	case in.IsOrgInstall:
		r.Skip = SkipOrgWide
		return r, nil
	case in.Type != "block_actions" || len(in.Actions) == 0 || in.TriggerID == "" || in.User.ID == "":
		return r, nil
	}
	a := in.Actions[0]
	id, ours := strings.CutPrefix(a.BlockID, requestBlock)
	press := Press{Action: helpdesk.Action(a.ActionID), Value: a.SelectedOption.Value}
	if !ours || press.Request.UnmarshalText([]byte(id)) != nil {
		return r, nil
	}
	press.Seen, _ = strconv.ParseInt(a.Value, 10, 64) // zero: it does not tell
	at, err := helpdesk.ParseTS(a.ActionTS)
	if err != nil {
		at = received
	}
	r.Skip = ""
	r.Event = Event{
		Kind: KindPressed, Channel: in.Container.ChannelID, TS: in.Container.MessageTS, User: in.User.ID, At: at, Press: &press,
	}
	return r, nil
}
