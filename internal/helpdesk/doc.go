// Package helpdesk is the domain: workspaces, requests, triage, agents, the transitions of a request and the
// kinds of error everything else speaks in. It knows no database, no Slack, no Temporal and no clock.
package helpdesk
