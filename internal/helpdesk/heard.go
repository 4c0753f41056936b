package helpdesk

import "time"

// Heard is what was heard in the thread of a request. It is recorded before the workflow is told, and read again when the
// workflow's state is recorded, so that nothing is lost between the two, and chatter costs the workflow nothing.
type Heard struct {
	AgentAt     time.Time // the first message of an agent who is not the requester
	AgentBy     string    // Slack user id
	RequesterAt time.Time // the last message of the requester
	AskedAt     time.Time // the last one that is not only thanks
	Others      bool      // a person other than the requester has written
	EditedTS    string    // of the newest edit of the message itself; "" where it was never edited
}

// News are the replies that would change p: those, and no others, the workflow must know of.
func (h Heard) News(p Progress) (news []Reply) {
	if p.Status.Ended() {
		return nil
	}
	first := p.RespondedAt.IsZero() && (!p.NoResponse || h.AgentAt.Before(p.ResolvedAt)) || h.AgentAt.Before(p.RespondedAt)
	if !h.AgentAt.IsZero() && first {
		news = append(news, Reply{At: h.AgentAt, User: h.AgentBy})
	}
	switch p.Status {
	case Waiting:
		if h.RequesterAt.After(p.PausedAt()) {
			news = append(news, Reply{At: h.RequesterAt, Requester: true, Thanks: h.RequesterAt.After(h.AskedAt)})
		}
	case Resolved:
		if h.AskedAt.After(p.PausedAt()) {
			news = append(news, Reply{At: h.AskedAt, Requester: true})
		}
	}
	return news
}
