package helpdesk

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Priority of a request.
type Priority string

// The priorities, most urgent first.
const (
	Critical Priority = "critical"
	High     Priority = "high"
	Medium   Priority = "medium"
	Low      Priority = "low"
)

// Priorities lists all, most urgent first.
func Priorities() []Priority { return []Priority{Critical, High, Medium, Low} }

// Valid reports whether p is one of [Priorities].
func (p Priority) Valid() bool { return p == Critical || p == High || p == Medium || p == Low }

// Label is one entry of a workspace's taxonomy.
type Label struct {
	Key         string   `json:"key"`  // [a-z0-9-], unique in the workspace; what histories and models see
	Name        string   `json:"name"` // what people see
	Description string   `json:"description"`
	Examples    []string `json:"examples,omitempty"`
	Inactive    bool     `json:"inactive,omitempty"` // no request gets it any more; those that have it keep it
	Default     bool     `json:"default,omitempty"`  // for what fits none; see [Fallback]
	Agent       string   `json:"agent,omitempty"`    // Slack user id of who gets its requests; "" for nobody
}

// Provider says what triaged a request.
type Provider string

// The providers. ByHuman means that a person has decided since, and no machine result replaces it.
const (
	ByLexical Provider = "lexical"
	ByModel   Provider = "gemini"
	ByHuman   Provider = "human"
)

// Triage is the outcome of reading a message. Label is a key of the taxonomy. Summary is content: sealed at
// rest, never in a workflow history.
type Triage struct {
	Label    string
	Priority Priority
	Summary  string
	By       Provider
}

// MaxSummary is the longest summary, in characters.
const MaxSummary = 160

// Validate refuses a triage whose label is not in the closed list, whose priority is unknown, or whose summary
// is empty or too long. It wraps [ErrInvalid] and names the field, never its value.
func (t Triage) Validate(labels []Label) error {
	switch {
	case !Known(labels, t.Label):
		return fmt.Errorf("triage label is not in the taxonomy: %w", ErrInvalid)
	case !t.Priority.Valid():
		return fmt.Errorf("triage priority is unknown: %w", ErrInvalid)
	case strings.TrimSpace(t.Summary) == "":
		return fmt.Errorf("triage summary is empty: %w", ErrInvalid)
	case utf8.RuneCountInString(t.Summary) > MaxSummary:
		return fmt.Errorf("triage summary is longer than %d characters: %w", MaxSummary, ErrInvalid)
	}
	return nil
}

// Known reports whether key is one of a closed list of labels.
func Known(labels []Label, key string) bool {
	return slices.ContainsFunc(labels, func(l Label) bool { return l.Key == key })
}

// StarterTaxonomy is what a new workspace begins with: ten labels, the most a Pro plan has.
func StarterTaxonomy() []Label {
	return []Label{
		{Key: "access", Name: "Access & passwords", Description: "Sign-in, passwords, MFA, permissions, locked accounts, shared folders",
			Examples: []string{"I forgot my password", "locked out of my account", "need access to the finance folder", "MFA code does not arrive", "permission denied on the wiki"}},
		{Key: "network", Name: "Network & VPN", Description: "VPN, Wi-Fi, internet, DNS, proxy, slow or dropped connections",
			Examples: []string{"VPN drops every ten minutes", "no internet in the meeting room", "wifi is slow", "cannot reach the intranet", "DNS does not resolve"}},
		{Key: "hardware", Name: "Hardware", Description: "Laptops, screens, keyboards, mice, docks, headsets, phones, batteries",
			Examples: []string{"my laptop does not start", "broken screen", "keyboard key stuck", "dock does not charge", "need a new headset"}},
		{Key: "software", Name: "Software", Description: "Installing, updating, licences, crashes of applications",
			Examples: []string{"please install Photoshop", "Excel crashes on start", "licence expired", "update fails", "app freezes"}},
		{Key: "email", Name: "E-mail & calendar", Description: "Mailboxes, distribution lists, calendar, meetings, Outlook, Gmail",
			Examples: []string{"Outlook does not send", "add me to the distribution list", "calendar invites are missing", "mailbox is full"}},
		{Key: "printing", Name: "Printing", Description: "Printers, scanners, toner, paper jams, print queues",
			Examples: []string{"printer on floor 3 is jammed", "toner is empty", "cannot print to the second floor", "scan to mail fails"}},
		{Key: "security", Name: "Security", Description: "Phishing, malware, lost or stolen devices, suspicious activity, data leaks",
			Examples: []string{"I clicked a phishing link", "my laptop was stolen", "suspicious login from another country", "ransomware note on the screen"}},
		{Key: "onboarding", Name: "Joiners & leavers", Description: "New starters, leavers, role changes, equipment and accounts for them",
			Examples: []string{"new colleague starts on Monday", "set up an account for the intern", "offboard a contractor", "laptop for a new hire"}},
		{Key: "data", Name: "Files & storage", Description: "Lost or deleted files, backups, shared drives, sync, quotas, databases",
			Examples: []string{"I deleted a file by mistake", "restore from backup", "OneDrive does not sync", "shared drive is full"}},
		{Key: "other", Name: "Other", Description: "Anything else", Default: true,
			Examples: []string{"question about the office", "who do I ask", "general question"}},
	}
}
