package gemini

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"unicode"

	"google.golang.org/genai"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/redact"
)

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 4096

// read takes a triage out of an answer. A finish or block reason is an answer too: the model declined.
func read(r *genai.GenerateContentResponse, labels []helpdesk.Label, hidden *redact.Redaction) (helpdesk.Triage, error) {
	if r.PromptFeedback != nil && r.PromptFeedback.BlockReason != "" {
		return helpdesk.Triage{}, ErrBlocked
	}
	if len(r.Candidates) != 1 || r.Candidates[0] == nil {
		return helpdesk.Triage{}, ErrMalformed
	}
	c := r.Candidates[0]
	switch {
	case c.FinishReason == genai.FinishReasonMaxTokens:
		return helpdesk.Triage{}, ErrMalformed
	case c.FinishReason != genai.FinishReasonStop:
		return helpdesk.Triage{}, ErrBlocked
	case c.Content == nil || len(c.Content.Parts) != 1 || c.Content.Parts[0] == nil:
		return helpdesk.Triage{}, ErrMalformed
	}
	return decode(c.Content.Parts[0].Text, labels, hidden)
}

// decode reads exactly one object of exactly our fields.
func decode(answer string, labels []helpdesk.Label, hidden *redact.Redaction) (helpdesk.Triage, error) {
	if len(answer) > maxAnswer {
		return helpdesk.Triage{}, ErrMalformed
	}
	var fields struct {
		Label    string            `json:"label"`
		Priority helpdesk.Priority `json:"priority"`
		Summary  string            `json:"summary"`
	}
	d := json.NewDecoder(strings.NewReader(answer))
	d.DisallowUnknownFields()
	if err := d.Decode(&fields); err != nil {
		return helpdesk.Triage{}, ErrMalformed
	}
	if _, err := d.Token(); err != io.EOF {
		return helpdesk.Triage{}, ErrMalformed
	}
	t := helpdesk.Triage{Label: fields.Label, Priority: fields.Priority, Summary: summary(fields.Summary, hidden), By: helpdesk.ByModel}
	if t.Validate(labels) != nil {
		return helpdesk.Triage{}, ErrMalformed
	}
	return t, nil
}

// steering is what could address people or lead them away: mentions, links, markup.
var steering = regexp.MustCompile(`(?i)<[^>]*>|[a-z][a-z0-9+.-]*://\S*|www\.\S*|\S*@\S*|[#!][\pL\pN_]+|[<>*_~` + "`" + `\[\]{}|\\]`)

// neutral makes one plain line of at most [helpdesk.MaxSummary] characters.
func neutral(s string) string {
	// What cannot be seen goes first: it could hide a link from the expression above.
	s = strings.Join(strings.Fields(steering.ReplaceAllString(visible(s), " ")), " ")
	s = strings.TrimLeft(s, "=+- ") // a spreadsheet would calculate
	if runes := []rune(s); len(runes) > helpdesk.MaxSummary {
		s = strings.TrimSpace(string(runes[:helpdesk.MaxSummary-1])) + "…"
	}
	return s
}

// visible is s without what nobody sees. What breaks a line, or controls a terminal, is a space.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.Map(seen, s))
}

// seen drops what nobody sees, and could say something else to a model: zero width, direction, tags, variations.
func seen(r rune) rune {
	if unicode.In(r, unicode.Cf, unicode.Variation_Selector) {
		return -1
	}
	return r
}
