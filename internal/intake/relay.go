package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

const (
	relayWorkers  = 8 // deliveries handed over at the same time
	relayLease    = helpdesk.DeliveryLease
	relayPoll     = time.Second      // how late a delivery is at most if nobody pokes
	relayTimeout  = 20 * time.Second // for one delivery; shorter than the lease
	relayMaxDefer = time.Minute      // the longest pause between two tries
	temporalTime  = 5 * time.Second  // for one call to Temporal
	memory        = 72 * time.Hour   // how long a delivery is known after it is done; Slack retries for 24 hours
)

// Relay hands deliveries over from the inbox to Temporal. Any number may run side by side.
type Relay struct {
	Store    *postgres.Store
	Keys     *keystore.Store
	Temporal client.Client
	Metrics  *observe.Metrics
	Log      *slog.Logger
	Now      func() time.Time
	Fail     failpoint.Points
	// PurgeGrace is how long after an uninstall a reinstall restores everything.
	PurgeGrace time.Duration

	poke   chan struct{}
	served helpdesk.WorkspaceID // behind which the turns go on
}

// NewRelay completes r.
func NewRelay(r Relay) *Relay {
	r.poke = make(chan struct{}, 1)
	return &r
}

// Poke tells the relay that something was stored. It never blocks.
func (r *Relay) Poke() {
	select {
	case r.poke <- struct{}{}:
	default:
	}
}

// Run hands over until ctx ends; then it claims no more, finishes what it has claimed, and returns.
func (r *Relay) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	free := make(chan struct{}, relayWorkers)
	tick := time.NewTicker(relayPoll)
	defer tick.Stop()
	running.Go(func() { r.housekeep(ctx) })
	for {
		if !r.claim(ctx, &running, free) {
			select {
			case <-ctx.Done():
				return
			case <-r.poke:
			case <-tick.C:
			}
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// claim takes as many deliveries as there are free workers, waiting for one where there is none, and reports
// whether there may be more.
func (r *Relay) claim(ctx context.Context, running *sync.WaitGroup, free chan struct{}) bool {
	select {
	case free <- struct{}{}: // one at least
		<-free
	case <-ctx.Done():
		return false
	}
	limit := cap(free) - len(free)
	batch, err := r.Store.ClaimDeliveries(ctx, r.Now(), relayLease, r.served, limit)
	if err != nil {
		if ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "inbox cannot be read", "err", err)
		}
		return false
	}
	for _, d := range batch {
		r.served = d.Workspace
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), relayTimeout)
			defer cancel()
			r.handOver(ctx, d)
		})
	}
	return len(batch) == limit
}

// handOver carries out one delivery and marks it, or gives it back for later.
func (r *Relay) handOver(ctx context.Context, d postgres.Delivery) {
	err := observe.Guard(ctx, r.Log.With("inbox_id", d.ID), func() error {
		outcome, err := r.dispatch(ctx, d)
		if err != nil {
			return err
		}
		return r.finish(ctx, d, outcome)
	})
	if err == nil {
		r.Metrics.HandedOver.Inc()
		return
	}
	pause := min(time.Second<<min(d.Attempts-1, 10), relayMaxDefer)
	level := slog.LevelWarn
	if errors.Is(err, errEarly) || errors.Is(err, errUninstalled) || errors.Is(err, errRaced) {
		level = slog.LevelDebug
	}
	r.Log.Log(ctx, level, "delivery is tried again", "workspace_id", d.Workspace, "inbox_id", d.ID, "kind", d.Kind,
		"attempt", d.Attempts, "in", pause, "err", err)
	if err := r.Store.DeferDelivery(ctx, d.ID, r.Now().Add(pause)); err != nil {
		r.Log.WarnContext(ctx, "delivery waits for the end of its lease", "inbox_id", d.ID, "err", err)
	}
}

// finish destroys the delivery's key first: from then on its body can be read only where it opened a request.
func (r *Relay) finish(ctx context.Context, d postgres.Delivery, outcome string) error {
	if d.Sealed != nil {
		if err := r.Keys.DestroyInboxKeys(ctx, d.ID); err != nil {
			return err
		}
	}
	return r.Store.FinishDelivery(ctx, d.ID, outcome, r.Now())
}

// dispatch carries out one delivery. Each kind may run twice.
func (r *Relay) dispatch(ctx context.Context, d postgres.Delivery) (outcome string, err error) {
	var e Event
	if err := json.Unmarshal(d.Refs, &e); err != nil {
		return "", fmt.Errorf("read refs of delivery %s: %w", d.ID, err)
	}
	if e.Kind != KindUninstalled {
		if refused, err := r.refuse(ctx, d, e); err != nil || refused != "" {
			return refused, err
		}
	}
	switch e.Kind {
	case KindMessage:
		return r.open(ctx, d, e)
	case KindReply:
		return r.reply(ctx, d, e)
	case KindEdited:
		return r.edit(ctx, d, e)
	case KindDeleted:
		return r.remove(ctx, d, e)
	case KindPressed:
		return r.press(ctx, d, e)
	case KindJoined:
		return r.join(ctx, d, e)
	case KindLeft:
		return r.leave(ctx, d, e)
	case KindRenumbered, KindShared, KindUnshared:
		return r.describe(ctx, d, e)
	case KindUninstalled:
		return r.uninstall(ctx, d, e)
	case KindAuthorised:
		return r.welcome(ctx, d, e)
	case KindUnreadable:
	}
	return "unhandled", nil
}

// errUninstalled: nothing is processed after an uninstall. What is there waits until the workspace is restored, or is lost
// for good.
var errUninstalled = errors.New("uninstalled, and not yet destroyed")

// clocksApart is how far Slack's clock may be behind ours.
const clocksApart = 5 * time.Second

// refuse says why a delivery is not carried out: "" where it is.
func (r *Relay) refuse(ctx context.Context, d postgres.Delivery, e Event) (reason string, err error) {
	var at postgres.Standing
	err = r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) error {
		at, err = tx.Standing(ctx)
		return err
	})
	switch {
	case err != nil:
		return "", err
	case at.Restorable:
		return "", errUninstalled
	case !at.Installed:
		return "uninstalled before", nil
	case e.At.Add(clocksApart).Before(at.InstalledAt): // told to the workspace that was here before, and told again
		return "older than the installation", nil
	}
	return "", nil
}

// start begins a workflow, or finds it running or ended: both are success.
func (r *Relay) start(ctx context.Context, o client.StartWorkflowOptions, workflow string, input any) error {
	o.TaskQueue = names.QueueRequests
	o.WorkflowIDReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	o.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	ctx, cancel := context.WithTimeout(ctx, temporalTime)
	defer cancel()
	if _, err := r.Temporal.ExecuteWorkflow(ctx, o, workflow, input); err != nil {
		return fmt.Errorf("start workflow %s: %w", o.ID, err)
	}
	return nil
}

func (r *Relay) startChannel(ctx context.Context, workflow, id string, in names.ChannelInput) error {
	return r.start(ctx, client.StartWorkflowOptions{
		ID:                    id,
		TypedSearchAttributes: temporal.NewSearchAttributes(workspaceAttribute().ValueSet(in.Workspace.String())),
	}, workflow, in)
}

func workspaceAttribute() temporal.SearchAttributeKeyKeyword {
	return temporal.NewSearchAttributeKeyKeyword(names.AttributeWorkspaceID)
}

// join records that the app was added to a channel and has it introduced.
func (r *Relay) join(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	var c helpdesk.Channel
	err := r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) error {
		w, err := tx.Workspace(ctx)
		if err != nil {
			return err
		}
		if e.User != "" && e.User != w.BotUser {
			return helpdesk.ErrInvalid
		}
		c, err = tx.JoinChannel(ctx, e.Channel, e.At)
		return err
	})
	if errors.Is(err, helpdesk.ErrInvalid) {
		return string(SkipSelf), nil
	}
	if err != nil {
		return "", err
	}
	return "joined", r.introduce(ctx, d.Workspace, c)
}

// introduce starts the introduction of a channel. Its id is the joining, so that it happens once.
func (r *Relay) introduce(ctx context.Context, workspace helpdesk.WorkspaceID, c helpdesk.Channel) error {
	if c.State == helpdesk.ChannelLeft {
		return nil
	}
	in := names.ChannelInput{Workspace: workspace, Channel: c.ID, At: c.Since}
	return r.startChannel(ctx, names.WorkflowChannelJoined, names.ChannelJoinedID(in), in)
}

// leave stops the intake at once and has the clocks of the channel's open requests cancelled.
func (r *Relay) leave(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	var c helpdesk.Channel
	err := r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) (err error) {
		if c, err = tx.ChannelBySlackID(ctx, e.Channel); err != nil {
			return err
		}
		if _, err = tx.LeaveChannel(ctx, c.ID, e.At); err != nil {
			return err
		}
		c, err = tx.Channel(ctx, c.ID)
		return err
	})
	switch {
	case errors.Is(err, helpdesk.ErrNotFound):
		return string(SkipChannel), nil
	case err != nil:
		return "", err
	case c.State != helpdesk.ChannelLeft:
		return "older than the last joining", nil
	}
	in := names.ChannelInput{Workspace: d.Workspace, Channel: c.ID, At: c.Since}
	return "left", r.startChannel(ctx, names.WorkflowChannelLeft, names.ChannelLeftID(in), in)
}

// describe records what changed about a channel without changing whether it is read.
func (r *Relay) describe(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	err := r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, e.Channel)
		if err != nil {
			return err
		}
		if e.Kind == KindRenumbered {
			return tx.RenumberChannel(ctx, c.ID, e.NewChannel)
		}
		return tx.SetExternal(ctx, c.ID, e.Kind == KindShared)
	})
	if errors.Is(err, helpdesk.ErrNotFound) {
		return string(SkipChannel), nil
	}
	return string(e.Kind), err
}

// uninstall ends the installation, destroys the token and begins the purge. An event not newer than the last authorisation
// is ignored and logged (behaviour 34); a second one finds the purge under way.
func (r *Relay) uninstall(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	var p helpdesk.Purge
	begun := false
	err := r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) (err error) {
		now := r.Now()
		if p, begun, err = tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, e.At, now, r.PurgeGrace); err != nil || !begun {
			return err
		}
		return tx.Audit(ctx, helpdesk.AuditEntry{At: now, Actor: "system", Action: helpdesk.AuditUninstalled, After: string(p.Cause)})
	})
	switch {
	case errors.Is(err, helpdesk.ErrNotFound), err == nil && p.Ended():
		r.Log.InfoContext(ctx, "uninstall event ignored: older than the last authorisation, or ended before",
			"workspace_id", d.Workspace, "at", e.At)
		return "ignored", nil
	case err != nil:
		return "", err
	case begun:
		r.Log.InfoContext(ctx, "workspace uninstalled, token destroyed", "workspace_id", d.Workspace, "at", e.At,
			"grace_until", p.GraceUntil, "deadline", p.Deadline())
	}
	r.Fail.Pass(failpoint.PurgeBegun)
	in := names.PurgeInput{Workspace: p.Workspace, Number: p.Number}
	return "uninstalled", r.start(ctx, client.StartWorkflowOptions{ID: names.PurgeID(in), StaticSummary: "Purge of a workspace"},
		names.WorkflowPurge, in)
}

// welcome has the person who authorised the app told what comes next.
func (r *Relay) welcome(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	in := names.WelcomeInput{Workspace: d.Workspace, User: e.User, Restored: e.Restored, At: e.At}
	return "welcomed", r.start(ctx, client.StartWorkflowOptions{
		ID:                    names.WelcomeID(in),
		TypedSearchAttributes: temporal.NewSearchAttributes(workspaceAttribute().ValueSet(d.Workspace.String())),
	}, names.WorkflowWelcome, in)
}

// housekeep measures the backlog and forgets what was done long ago, until ctx ends.
func (r *Relay) housekeep(ctx context.Context) {
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for {
		if err := observe.Guard(ctx, r.Log, func() error { return r.tidy(ctx) }); err != nil && ctx.Err() == nil {
			r.Log.WarnContext(ctx, "inbox housekeeping", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *Relay) tidy(ctx context.Context) error {
	backlog, err := r.Store.Backlog(ctx, r.Now())
	if err != nil {
		return err
	}
	r.Metrics.RelayLag.Set(backlog.Oldest.Seconds())
	ids, err := r.Store.ForgetDeliveries(ctx, r.Now().Add(-memory), 1000)
	if err != nil || len(ids) == 0 {
		return err
	}
	return r.Keys.DestroyInboxKeys(ctx, ids...)
}
