package slackapi

// Manifest is a Slack app manifest, version 2: docs.slack.dev/reference/app-manifest.
type Manifest struct {
	Metadata struct {
		MajorVersion int `json:"major_version"`
	} `json:"_metadata"`
	Display struct {
		Name            string `json:"name"`
		Description     string `json:"description"`
		BackgroundColor string `json:"background_color"`
	} `json:"display_information"`
	Features struct {
		BotUser struct {
			DisplayName  string `json:"display_name"`
			AlwaysOnline bool   `json:"always_online"`
		} `json:"bot_user"`
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
			IsEnabled  bool   `json:"is_enabled"`
			RequestURL string `json:"request_url"`
		} `json:"interactivity"`
		OrgDeploy     bool `json:"org_deploy_enabled"`
		SocketMode    bool `json:"socket_mode_enabled"`
		TokenRotation bool `json:"token_rotation_enabled"`
	} `json:"settings"`
}

// NewManifest describes the app as served from publicURL, an origin without trailing slash. Scopes and events come
// from the tables, so the app asks for what it uses.
func NewManifest(publicURL string) Manifest {
	var m Manifest
	m.Metadata.MajorVersion = 2
	m.Display.Name = "Echo-Synch"
	m.Display.Description = "Internal IT help desk: every request gets a label, a priority, a summary and two clocks."
	m.Display.BackgroundColor = "#1f3a5f"
	m.Features.BotUser.DisplayName = "Echo-Synch"
	m.Features.BotUser.AlwaysOnline = true
	m.OAuth.RedirectURLs = []string{publicURL + "/slack/oauth/callback"}
	m.OAuth.Scopes.Bot = BotScopes()
	m.Settings.Events.RequestURL = publicURL + "/slack/events"
	m.Settings.Events.BotEvents = BotEvents()
	m.Settings.Interactivity.IsEnabled = true
	m.Settings.Interactivity.RequestURL = publicURL + "/slack/interactions"
	return m
}
