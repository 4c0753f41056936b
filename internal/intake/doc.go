// Package intake is the one way in. It reads what Slack delivers, whatever the transport, into an [Event] of ids,
// enums and times with the text apart; stores it in the inbox; and hands it over to Temporal from there.
//
//	raw body ─► Parse ─► Inbox.Accept ─► system.inbox ─► Relay ─► request row + sealed text ─► workflow
//
// It answers nobody and posts nothing. Handlers commute: a delivery may come twice, late, or before the one it
// follows.
package intake
