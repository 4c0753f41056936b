package geminisim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

type request struct {
	Contents []struct {
		Parts []struct {
			Text string `json:"text"`
		} `json:"parts"`
	} `json:"contents"`
	GenerationConfig struct {
		ResponseSchema struct {
			Properties map[string]struct {
				Enum []string `json:"enum"`
			} `json:"properties"`
		} `json:"responseSchema"`
	} `json:"generationConfig"`
}

// rules say what a word makes of a message. The summaries are canned, so none quotes.
var rules = []struct {
	words                    []string
	label, priority, summary string
}{
	{[]string{"vpn"}, "network", "high", "VPN connection is unstable"},
	{[]string{"wifi", "wi-fi", "internet", "network"}, "network", "medium", "Network connection problem"},
	{[]string{"phishing", "stolen", "malware", "ransomware"}, "security", "critical", "Possible security incident"},
	{[]string{"password", "locked", "mfa", "access", "permission"}, "access", "medium", "Help with signing in or permissions"},
	{[]string{"printer", "print", "toner"}, "printing", "low", "Printing does not work"},
	{[]string{"outlook", "mail", "calendar"}, "email", "medium", "E-mail or calendar problem"},
	{[]string{"laptop", "screen", "keyboard", "dock"}, "hardware", "medium", "Device needs attention"},
	{[]string{"install", "licence", "license", "app"}, "software", "low", "Software request"},
	{[]string{"starter", "new hire", "joins", "leaver"}, "onboarding", "medium", "Somebody joins or leaves"},
	{[]string{"file", "drive", "backup"}, "data", "medium", "Files or storage"},
}

// speaks reports whether there is a text to answer.
func (q request) speaks() bool { return len(q.Contents) > 0 && len(q.Contents[0].Parts) > 0 }

// parroting answers as sensibly, with the message for a summary: what a model does that repeats what it was told not to.
func (q request) parroting() (status int, body any) {
	out := q.opinion()
	out["summary"] = q.message()
	return q.say(out)
}

// head is the line before the message; it may name the character that stands for a space.
var head = regexp.MustCompile(`\nMessage(?:, every space written as (.))?:\n`)

// message is the text to triage. It stands between two lines that are random, so that any word can be in them.
func (q request) message() string {
	prompt := q.Contents[0].Parts[0].Text
	at := head.FindStringSubmatchIndex(prompt)
	if at == nil {
		return ""
	}
	message := prompt[at[1]:]
	if at[2] >= 0 {
		message = strings.ReplaceAll(message, prompt[at[2]:at[3]], " ")
	}
	if marker, _, _ := strings.Cut(strings.TrimSpace(message), "\n"); strings.HasPrefix(marker, "<") {
		message = strings.ReplaceAll(message, marker, " ")
	}
	return message
}

// sensibly answers by the first rule whose label the schema allows, else with the last label.
func (q request) sensibly() (status int, body any) { return q.say(q.opinion()) }

func (q request) opinion() map[string]string {
	labels := q.GenerationConfig.ResponseSchema.Properties["label"].Enum
	message := strings.ToLower(q.message())
	out := map[string]string{"label": "other", "priority": "medium", "summary": "General question"}
	if len(labels) > 0 {
		out["label"] = labels[len(labels)-1]
	}
	for _, r := range rules {
		hit := slices.ContainsFunc(r.words, func(w string) bool { return strings.Contains(message, w) })
		if hit && slices.Contains(labels, r.label) {
			out = map[string]string{"label": r.label, "priority": r.priority, "summary": r.summary}
			break
		}
	}
	return out
}

func (q request) say(out map[string]string) (status int, body any) {
	b, err := json.Marshal(out)
	if err != nil {
		return refused(http.StatusInternalServerError, "INTERNAL")(q)
	}
	return said(string(b), "STOP")(q)
}
