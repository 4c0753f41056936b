package geminisim

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"unicode"
)

// attacks.jsonl is written for this simulator: what people write who want to steer a model, each technique in five languages,
// with what a model answers that does as it is told.
//
//go:embed attacks.jsonl
var attacksFile string

// Attack is a message that wants to steer the model.
type Attack struct {
	Language  string `json:"language"`
	Technique string `json:"technique"`
	Text      string `json:"text"`
	Answer    string `json:"answer"` // what a model says that obeys, word for word
	Tool      string `json:"tool"`   // the tool it calls instead
}

// Attacks lists all that the simulator knows to obey.
func Attacks() []Attack { return attacks() }

var attacks = sync.OnceValue(func() (all []Attack) {
	for line := range strings.Lines(attacksFile) {
		var a Attack
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			panic("attacks.jsonl: " + err.Error()) // it is part of the program
		}
		all = append(all, a)
	}
	return all
})

// obeying answers as the attack wants that the message is; a message that is none is answered sensibly.
func (q request) obeying() (status int, body any) {
	words := wordsOf(q.message())
	var best Attack
	most := 0.0
	for _, a := range attacks() {
		if share := alike(words, wordsOf(a.Text)); share > most {
			best, most = a, share
		}
	}
	switch {
	case most < 0.5:
		return q.sensibly()
	case best.Tool != "":
		return calling(best.Tool)
	}
	return said(best.Answer, "STOP")(q)
}

// calling is a model's answer that calls a tool nobody offered.
func calling(tool string) (status int, body any) {
	return http.StatusOK, map[string]any{"candidates": []any{map[string]any{
		"content": map[string]any{"role": "model", "parts": []any{
			map[string]any{"functionCall": map[string]any{"name": tool, "args": map[string]any{"id": 1}}},
		}},
		"finishReason": "STOP",
	}}}
}

// wordsOf are the words of a text, however it is written: what arrives may be redacted, marked, and without what nobody sees.
func wordsOf(text string) map[string]bool {
	words := make(map[string]bool)
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		words[w] = true
	}
	return words
}

// alike is the share of the words of two texts that are in both.
func alike(a, b map[string]bool) float64 {
	both := 0
	for w := range a {
		if b[w] {
			both++
		}
	}
	return float64(both) / float64(max(1, len(a)+len(b)-both))
}
