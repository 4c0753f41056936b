package observe

import (
	"regexp"

	"github.com/getsentry/sentry-go"
)

// The allow-list. What does not look like what it should be is left out.
var (
	typeName = regexp.MustCompile(`^\*?[A-Za-z_][\w./-]{0,200}$`)
	ids      = regexp.MustCompile(`^([a-z-]{1,30}/)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(/[0-9]{1,20})?$`)
	tags     = map[string]*regexp.Regexp{
		"layer": regexp.MustCompile(`^[a-z]{1,10}$`), "workspace_id": ids, "request_id": ids, "inbox_id": ids, "workflow_id": ids,
	}
)

// allowed makes a new event of what may leave the process; whatever else stands in e stays here.
func allowed(e *sentry.Event) *sentry.Event {
	out := &sentry.Event{
		EventID: e.EventID, Timestamp: e.Timestamp, Level: e.Level, Platform: e.Platform, Release: e.Release, Environment: e.Environment,
		Sdk: sentry.SdkInfo{Name: e.Sdk.Name, Version: e.Sdk.Version}, Tags: make(map[string]string),
	}
	for key, form := range tags {
		if form.MatchString(e.Tags[key]) {
			out.Tags[key] = e.Tags[key]
		}
	}
	for _, x := range e.Exception {
		kept := sentry.Exception{Type: "error"}
		if typeName.MatchString(x.Type) {
			kept.Type = x.Type
		}
		if x.Stacktrace != nil {
			kept.Stacktrace = &sentry.Stacktrace{}
			for _, f := range x.Stacktrace.Frames {
				kept.Stacktrace.Frames = append(kept.Stacktrace.Frames, sentry.Frame{
					Function: f.Function, Module: f.Module, Filename: f.Filename, Lineno: f.Lineno, InApp: f.InApp,
				})
			}
		}
		out.Exception = append(out.Exception, kept)
	}
	return out
}
