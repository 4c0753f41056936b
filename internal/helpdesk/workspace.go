package helpdesk

import (
	"time"

	"github.com/echo-synch/echo-synch/internal/sla"
)

// Workspace is one installation of the app in one Slack workspace.
type Workspace struct {
	ID           WorkspaceID
	Team         string // Slack team id
	TeamName     string // shown to people of that workspace only
	AppID        string
	BotUser      string // Slack id of our bot user
	Installer    string // Slack id of who authorised last
	Scopes       []string
	AuthorizedAt time.Time // last authorisation; an older uninstall event is ignored
	StaffChannel string    // Slack channel id, "" where none is set; never monitored
	Settings     Settings
}

// Settings are what an admin can change. They are stored as one versioned document.
type Settings struct {
	Zone      string              `json:"zone"` // IANA, the installer's at install
	Calendar  sla.Spec            `json:"calendar"`
	Targets   map[Priority]Target `json:"targets"`
	Labels    []Label             `json:"labels"`
	Retention time.Duration       `json:"retention"` // of original text; whole seconds
	// HideAddresses keeps IP addresses and host names from models, too, beside secrets and personal data.
	HideAddresses bool `json:"hide_addresses,omitempty"`
	// Provider is whose model reads the messages.
	Provider ModelProvider `json:"provider,omitempty"`
	// Tokens is how many a day the workspace may use of our project; zero: [DefaultTokens].
	Tokens int64 `json:"tokens,omitempty"`
}

// Target is the SLA of one priority.
type Target struct {
	FirstResponse time.Duration `json:"first_response"`
	Resolution    time.Duration `json:"resolution"`
	Clock         ClockMode     `json:"clock"`
}

// ClockMode says in which time a target counts.
type ClockMode string

// A target counts around the clock, or in the workspace's open hours.
const (
	ClockAlways   ClockMode = "always"
	ClockCalendar ClockMode = "calendar"
)

// Retention of original text, by default and at its bounds.
const (
	DefaultRetention = 30 * 24 * time.Hour
	MinRetention     = 24 * time.Hour
	MaxRetention     = 365 * 24 * time.Hour
)

// RetentionPreview says what a shorter retention would do to the texts that are there.
type RetentionPreview struct {
	Destroyed int64 // within the hour
	Open      int64 // of those, texts of open requests, whose clocks go on
	Moved     int64 // that die earlier than now planned
}

// DefaultSettings are those of a new workspace: 24x7 in the installer's zone, the starter taxonomy.
func DefaultSettings(zone string) Settings {
	target := func(first, resolution int) Target {
		return Target{
			FirstResponse: time.Duration(first) * time.Hour,
			Resolution:    time.Duration(resolution) * time.Hour,
			Clock:         ClockAlways,
		}
	}
	return Settings{
		Zone: zone,
		Targets: map[Priority]Target{
			Critical: target(1, 8),
			High:     target(2, 24),
			Medium:   target(8, 48),
			Low:      target(24, 168),
		},
		Labels:    StarterTaxonomy(),
		Retention: DefaultRetention,
	}
}

// ChannelState says whether we read a channel.
type ChannelState string

// A channel is monitored while the app is a member of it and it is not the staff channel.
const (
	ChannelMonitored ChannelState = "monitored"
	ChannelStaff     ChannelState = "staff"
	ChannelLeft      ChannelState = "left"
)

// Channel is one Slack channel of a workspace. It has no name on purpose: nothing of ours is keyed by one.
type Channel struct {
	ID      ChannelID
	SlackID string // the current one; older ones are aliases
	State   ChannelState
	Since   time.Time // when State was entered, by Slack's event time
	// ReadFrom is when the app was (last) added: what was written before is never read.
	ReadFrom time.Time
	// External tells that people outside the workspace are in it (Slack Connect).
	External bool
	// AllowExternal is the admin's decision to read them.
	AllowExternal bool
}

// Role of a Slack user in a workspace. An admin is also an agent.
type Role string

// The roles.
const (
	RoleAgent Role = "agent"
	RoleAdmin Role = "admin"
)

// Agent is a row (workspace, Slack user, role).
type Agent struct {
	User string
	Role Role
}
