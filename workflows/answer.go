package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// Offer is the answer that is offered on a request, and what became of it.
type Offer struct {
	helpdesk.Match
	Posted bool `json:"posted,omitempty"`
	// Pressed is what was said of it; "" while nothing was.
	Pressed helpdesk.Action `json:"pressed,omitempty"`
}

// offer takes what a triage found in the knowledge base. A worker of before may have taken the triage and offered nothing;
// its history goes on without.
func (r *request) offer(ctx workflow.Context, m helpdesk.Match) {
	if m.Entry.IsZero() || workflow.GetVersion(ctx, "offer-answer", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return
	}
	r.Offer = &Offer{Match: m}
}

// keepOffer posts the answer once a receipt stands, and from then on lets its message follow what is pressed and what happens
// to the request.
func (r *request) keepOffer(ctx workflow.Context) {
	r.offers = true
	defer func() { r.offers = false }()
	if !r.postOffer(ctx) {
		r.Offer = nil
		return
	}
	for settled := false; ; settled = true {
		if workflow.Await(ctx, func() bool { return r.Offer.Pressed != "" && !settled || r.Status.Ended() }) != nil || r.Status == helpdesk.Closed || r.Mute {
			return
		}
		in := activities.SettleInput{RequestInput: r.RequestInput, Pressed: r.Offer.Pressed, Status: r.Status, ClocksOff: r.ClocksOff}
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, settleOptions()), steps.SettleOffer, in).Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Warn("answer offered not settled", "request_id", r.Request.String(), "err", err)
		}
		if in.Status.Ended() {
			return
		}
	}
}

// postOffer reports whether the answer stands in the thread.
func (r *request) postOffer(ctx workflow.Context) bool {
	if r.Offer.Posted {
		return true
	}
	if workflow.Await(ctx, func() bool { return r.Shown > 0 || r.Mute }) != nil || r.Mute || !r.Status.Open() || !r.RespondedAt.IsZero() {
		return false
	}
	in := activities.OfferInput{RequestInput: r.RequestInput, Match: r.Offer.Match}
	var sent activities.OfferResult
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, offerOptions()), steps.OfferAnswer, in).Get(ctx, &sent); err != nil {
		workflow.GetLogger(ctx).Warn("answer not offered", "request_id", r.Request.String(), "err", err)
	}
	if sent.Stray != "" {
		r.deleteStray(ctx, sent.Stray)
	}
	r.Offer.Posted = sent.Posted
	return sent.Posted
}

// allowsRating refuses what is said of an answer that is not offered, or was rated.
func (r *request) allowsRating(action helpdesk.Action) error {
	switch action {
	case helpdesk.Helpful, helpdesk.NotRelevant, helpdesk.CloseResolved:
	default:
		return nil
	}
	switch {
	case r.Offer == nil:
		return &helpdesk.Refusal{Reason: helpdesk.ReasonUnknown}
	case r.Offer.Pressed != "":
		return &helpdesk.Refusal{Reason: helpdesk.ReasonRated}
	}
	return nil
}

func (r *request) pressRating(_ workflow.Context, p names.Press) error {
	r.Offer.Pressed = p.Action
	return nil
}

// pressCloseResolved is Resolve with a reason.
func (r *request) pressCloseResolved(ctx workflow.Context, p names.Press) error {
	r.Offer.Pressed = p.Action
	return r.pressResolve(ctx, p)
}
