package helpdesk

import "time"

// AuditAction is something that somebody did to a workspace.
type AuditAction string

// The actions.
const (
	AuditInstalled     AuditAction = "installed"     // the app was installed in a new workspace
	AuditReauthorised  AuditAction = "reauthorised"  // the token was replaced
	AuditRestored      AuditAction = "restored"      // the app was installed again within the grace
	AuditUninstalled   AuditAction = "uninstalled"   // its purge has begun; why stands in After
	AuditRole          AuditAction = "role"          // of a person, who is Object
	AuditStaffChannel  AuditAction = "staff_channel" //
	AuditRetention     AuditAction = "retention"     //
	AuditAllowBot      AuditAction = "allow_bot"     // in a channel; Object is both
	AuditAllowExternal AuditAction = "allow_external"
	AuditHideAddresses AuditAction = "hide_addresses" // from models
	AuditLabels        AuditAction = "labels"         // a taxonomy was imported; Before and After count
	AuditExample       AuditAction = "example"        // a corrected request was made an example; Object is the request, After its label
	AuditProvider      AuditAction = "provider"       // whose model reads the messages
	AuditTokens        AuditAction = "tokens"         // a day, of our project
	AuditModel         AuditAction = "model"          // another model, place or project has read a message than before
	AuditOfferAnswers  AuditAction = "offer_answers"  // in a channel
	AuditKnowledge     AuditAction = "knowledge"      // Object is the key of an entry that was removed; after an import Before and After count them
	AuditExported      AuditAction = "exported"       // Object says what: "audit", "workspace", "knowledge", or a person
	AuditExportLink    AuditAction = "export_link"    // a link to an export was made; Object is the data request
	AuditErased        AuditAction = "erased"         // the erasure of a person was ordered; Object is the person
	AuditKeyRotated    AuditAction = "key_rotated"    // the workspace's key was replaced by its next version
	AuditKeyRewrapped  AuditAction = "key_rewrapped"  // Object, workspace_key, bot_token or byom_credential, came under another wrapping key
)

// AuditEntry is one line of the audit log: ids, enums and numbers.
type AuditEntry struct {
	At     time.Time   `json:"at"`
	Actor  string      `json:"actor"` // slack:<user>, operator:<account> or system
	Action AuditAction `json:"action"`
	Object string      `json:"object,omitempty"` // an id
	Before string      `json:"before,omitempty"`
	After  string      `json:"after,omitempty"`
}

// SlackActor is a person in Slack as an actor.
func SlackActor(user string) string { return "slack:" + user }
