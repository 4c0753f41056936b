package slacksim

import "slices"

// manifest is what the simulator reads of an app manifest.
type manifest struct {
	Display struct {
		Name string `json:"name"`
	} `json:"display_information"`
	Features struct {
		BotUser struct {
			DisplayName string `json:"display_name"`
		} `json:"bot_user"`
		Commands []struct {
			Command string `json:"command"`
			URL     string `json:"url"`
		} `json:"slash_commands"`
		Shortcuts []struct {
			Name       string `json:"name"`
			Type       string `json:"type"`
			CallbackID string `json:"callback_id"`
		} `json:"shortcuts"`
	} `json:"features"`
	OAuth struct {
		RedirectURLs []string `json:"redirect_urls"`
		Scopes       struct {
			Bot []string `json:"bot"`
		} `json:"scopes"`
	} `json:"oauth_config"`
	Settings struct {
		Events struct {
			RequestURL string   `json:"request_url"`
			BotEvents  []string `json:"bot_events"`
		} `json:"event_subscriptions"`
		Interactivity struct {
			RequestURL string `json:"request_url"`
		} `json:"interactivity"`
	} `json:"settings"`
}

func (m manifest) name() string {
	if m.Features.BotUser.DisplayName != "" {
		return m.Features.BotUser.DisplayName
	}
	if m.Display.Name != "" {
		return m.Display.Name
	}
	return "Echo-Synch"
}

func (m manifest) wants(event string) bool {
	return slices.Contains(m.Settings.Events.BotEvents, event)
}

func (m manifest) commandURL(command string) string {
	for _, c := range m.Features.Commands {
		if c.Command == command {
			return c.URL
		}
	}
	return ""
}
