package helpdesk

import "time"

// NoModel is why no model triaged a request that one should have triaged: a constant that may stand in a workflow history. ""
// where one has, or none should.
type NoModel string

// The reasons.
const (
	ModelLate        NoModel = "late"        // no answer in time
	ModelUnavailable NoModel = "unavailable" // it cannot be reached, or it has not been shown to be safe since our start
	ModelQuota       NoModel = "quota"       // the project's quota is used up
	ModelRefused     NoModel = "refused"     // our project may not use it
	ModelPaused      NoModel = "paused"      // the customer's project may not use it; nobody else is asked
	ModelBlocked     NoModel = "blocked"     // it declined to answer: an answer, not an error
	ModelMalformed   NoModel = "malformed"   // it answered outside the schema
	ModelBusy        NoModel = "busy"        // too many of the workspace's requests are asking
	ModelBudget      NoModel = "budget"      // the workspace has used its tokens of the day
)

// NoModels lists all reasons.
func NoModels() []NoModel {
	return []NoModel{
		ModelLate, ModelUnavailable, ModelQuota, ModelRefused, ModelPaused, ModelBlocked, ModelMalformed, ModelBusy, ModelBudget,
	}
}

// Final reports whether asking again cannot help.
func (n NoModel) Final() bool { return n == ModelBlocked }

// ModelProvider is whose model reads the messages of a workspace.
type ModelProvider string

// The providers.
const (
	ProviderDefault ModelProvider = ""        // what the service is set up with
	ProviderLexical ModelProvider = "lexical" // no model: the embedded classifier alone
	ProviderBYOM    ModelProvider = "byom"    // the customer's own; never ours in its place
)

// BYOM is a customer's own model (bring your own model). Version counts how often it was set.
type BYOM struct {
	Version                  int64
	Project, Location, Model string
	Granted                  bool // the project grants our service account; else it gave a key
	// PausedAt is when the project refused; zero while it may be asked. ToldAt is when the admins were told.
	PausedAt, ToldAt time.Time
}

// The budgets of a workspace on our project: tokens a day (UTC), and calls under way at a time in one worker.
const (
	DefaultTokens = 2_000_000
	MaxModelCalls = 16
)

// Tokens is what calls of a model were billed for.
type Tokens struct{ Input, Output int64 }
