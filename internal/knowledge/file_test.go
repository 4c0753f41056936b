package knowledge_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/knowledge"
)

// The same entries as YAML and as CSV; what was read is written so that it is read again.
func TestBothForms(t *testing.T) {
	t.Parallel()
	want := []helpdesk.Entry{
		{Key: "vpn", Active: true, Content: helpdesk.Content{Question: "How, to VPN?", Answer: "One.\nTwo.", Link: "https://help.example.com/vpn?a=1", Tags: []string{"vpn", "home office"}}},
		{Key: "old", Content: helpdesk.Content{Question: "Q", Answer: "A"}},
	}
	for name, text := range map[string]string{
		"kb.yaml": "- key: vpn\n  question: How, to VPN?\n  answer: |\n    One.\n    Two.\n  link: https://help.example.com/vpn?a=1\n  tags: [vpn, home office]\n" +
			"- {key: old, question: Q, answer: A, active: false}\n",
		"kb.CSV": "\ufeffKey,question,answer,link,tags,active\r\nvpn,\"How, to VPN?\",\"One.\r\nTwo.\",https://help.example.com/vpn?a=1,vpn; home office,\r\nold,Q,A,,,false\r\n",
	} {
		got, err := knowledge.Read(name, strings.NewReader(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	var out bytes.Buffer
	if err := knowledge.Write(&out, want); err != nil {
		t.Fatal(err)
	}
	if got, err := knowledge.Read("again.yml", &out); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("written and read: %+v, %v", got, err)
	}
}

// Every wrong line is named, and none is quoted.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	const good = "- {key: a, question: Q, answer: A}\n"
	for _, tt := range []struct {
		file, text string
		want       []string
	}{
		{"kb.yaml", "", []string{"no entry"}},
		{"kb.yaml", "secret: okapi", []string{"not a YAML list"}},
		{"kb.yaml", good + "- {key: b, question: \"okapi\n", []string{"line 2", "YAML"}},
		{"kb.yaml", good + "- okapi\n", []string{"line 2", "not an entry"}},
		{"kb.yaml", good + "- {key: b, okapi: Q, answer: A}\n", []string{"line 2", "not a field"}},
		{"kb.yaml", good + "- {key: b, question: Q, answer: A, active: okapi}\n", []string{"line 2", "true or false"}},
		{"kb.yaml", good + "- {key: a, question: okapi, answer: A}\n", []string{"line 2", "that of line 1"}},
		{"kb.yaml", good + "- {key: O kapi, question: Q, answer: A}\n- {key: c, question: Q}\n", []string{"line 2", "key must be", "line 3", "answer is missing"}},
		{"kb.yaml", "- {key: a, question: Q, answer: A, link: 'http://okapi.example.com'}\n", []string{"line 1", "https://"}},
		{"kb.yaml", "- {key: a, question: Q, answer: A, link: 'https://x.example.com/>okapi'}\n", []string{"line 1", "https://"}},
		{"kb.yaml", "- {key: a, question: Q, answer: " + strings.Repeat("okapi ", 400) + "}\n", []string{"line 1", "at most 2000"}},
		{"kb.yaml", "- {key: a, question: Q, answer: A, tags: [1,2,3,4,5,6,7,8,9,10,11]}\n", []string{"line 1", "11 tags"}},
		{"kb.csv", "key,okapi\na,b\n", []string{"line 1", "column 2"}},
		{"kb.csv", "key,key\na,b\n", []string{"line 1", "each once"}},
		{"kb.csv", "key,question,answer\na,okapi\nb,Q,\n", []string{"line 2", "3 columns", "line 3", "answer is missing"}},
		{"kb.csv", "key,question,answer,active\na,Q,A,okapi\n", []string{"line 2", "true or false"}},
		{"kb.csv", "key,question,answer\na,Q,\"okapi\n", []string{"CSV"}},
		{"kb.csv", strings.Repeat("x", knowledge.MaxFile+1), []string{"larger than"}},
	} {
		_, err := knowledge.Read(tt.file, strings.NewReader(tt.text))
		if !errors.Is(err, helpdesk.ErrInvalid) {
			t.Errorf("%.60q: %v", tt.text, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%.60q: %v; want %q in it", tt.text, err, want)
			}
		}
		if strings.Contains(err.Error(), "okapi") {
			t.Errorf("%.60q is quoted: %v", tt.text, err)
		}
	}
}
