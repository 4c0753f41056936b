package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/echo-synch/echo-synch/internal/evaluation"
	"github.com/echo-synch/echo-synch/internal/geminisim"
)

const evalTable = "id,text,label,priority\n" +
	"one,VPN drops every ten minutes,network,high\ntwo,the printer is out of toner,printing,low\nthree,Outlook does not send,email,medium\n"

// file writes a file into a directory of its own.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEvalLexical(t *testing.T) {
	t.Parallel()
	path := file(t, "requests.csv", evalTable)
	got := execute(t.Context(), nil, "eval", path)
	for _, line := range []string{"provider       lexical", "requests       3", "label          accuracy 1.000, macro-F1 1.000", "latency        p50"} {
		if got.code != 0 || got.errOut != "" || !strings.Contains(got.out, line) {
			t.Errorf("%+v\nwant %q", got, line)
		}
	}
	got = execute(t.Context(), nil, "eval", path, "--json", "--taxonomy",
		file(t, "labels.yaml", "- {key: network, name: Netzwerk}\n- {key: printing, name: Drucker}\n- {key: email, name: Mail}\n- {key: other, name: Other}\n"))
	var r evaluation.Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || got.code != 0 || r.Requests != 3 || r.Label.Accuracy != 1 || r.Calibration == nil || r.Cost != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := os.Stat(path + ".partial"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a complete run leaves its state behind: %v", err)
	}
}

func TestEvalBuiltin(t *testing.T) {
	t.Parallel()
	got := execute(t.Context(), nil, "eval", "builtin", "--split", "held-out", "--json", "--resume", filepath.Join(t.TempDir(), "state"))
	var r evaluation.Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || got.code != 0 || r.Requests < 150 || r.Label.MacroF1 < 0.7 || len(r.Languages) != 5 {
		t.Errorf("%+v, %v", got, err)
	}
}

// What is wrong is said with the file's name and its line; words that are off have exit code 2.
func TestEvalWrong(t *testing.T) {
	t.Parallel()
	table := file(t, "requests.csv", evalTable)
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no file":          {[]string{filepath.Join(t.TempDir(), "none.csv")}, exitFailed, "none.csv: no such file or directory"},
		"no column":        {[]string{file(t, "a.csv", "text,label\nVPN,network\n")}, exitFailed, `a.csv: line 1 names no column "priority"`},
		"empty":            {[]string{file(t, "b.jsonl", "")}, exitFailed, "b.jsonl: there is no request in it"},
		"no JSON":          {[]string{file(t, "c.jsonl", "{}{")}, exitFailed, "c.jsonl: line 1 is not a JSON object"},
		"unknown label":    {[]string{table, "--taxonomy", file(t, "d.yaml", "[{key: network, name: Network}]")}, exitFailed, `requests.csv: line 3 has the label "printing", which is not in the taxonomy`},
		"no taxonomy":      {[]string{table, "--taxonomy", "none.yaml"}, exitFailed, "none.yaml: no such file or directory"},
		"no such split":    {[]string{table, "--split", "best"}, exitFailed, `has no request of split "best"`},
		"state elsewhere":  {[]string{table, "--resume", filepath.Join(table, "state")}, exitFailed, "state: not a directory; name another file with --resume"},
		"state of another": {[]string{table, "--resume", file(t, "state", "{\"run\":\"other\"}\n")}, exitFailed, "state is of another run"},
		"another kind":     {[]string{file(t, "e.xlsx", "PK")}, exitUsage, "e.xlsx: is neither .csv nor .jsonl"},
		"no argument":      {nil, exitUsage, "takes the arguments FILE, not 0"},
		"another provider": {[]string{table, "--provider", "oracle"}, exitUsage, `"oracle" is no provider: use lexical, gemini or byom`},
		"byom of nobody":   {[]string{table, "--provider", "byom"}, exitUsage, "--provider byom and --team belong together"},
		"a negative price": {[]string{table, "--input-price", "-1"}, exitUsage, "a price is not negative"},
		"no configuration": {[]string{table, "--provider", "gemini"}, exitFailed, "these settings are missing or wrong:\nECHO_ENV: is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := execute(t.Context(), nil, append([]string{"eval"}, tt.args...)...)
			if got.code != tt.code || got.out != "" || !strings.Contains(got.errOut, tt.says) {
				t.Errorf("%+v, want %q", got, tt.says)
			}
		})
	}
}

// simulatedGemini is a Gemini that calls before for every request, and the environment that leads to it.
func simulatedGemini(t *testing.T, before http.HandlerFunc) (e environ, url string) {
	t.Helper()
	sim := geminisim.New(geminisim.Config{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before != nil {
			before(w, r)
		}
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return environ{"ECHO_ENV": "dev", "GEMINI_PROJECT": "acme-help", "GEMINI_BASE_URL": server.URL}, server.URL
}

func fault(t *testing.T, url, body string) {
	t.Helper()
	response, err := http.Post(url+"/sim/fault", "application/json", strings.NewReader(body))
	if err != nil || response.StatusCode != http.StatusOK || response.Body.Close() != nil {
		t.Fatalf("%v, %v", response, err)
	}
}

// An answer that is none counts as wrong; tokens are counted, and cost something where their price is known.
func TestEvalGemini(t *testing.T) {
	t.Parallel()
	e, url := simulatedGemini(t, nil)
	fault(t, url, `{"mode":"blocked"}`)
	got := execute(t.Context(), e, "eval", file(t, "requests.csv", evalTable), "--provider", "gemini", "--input-price", "0.5", "--output-price", "2")
	for _, line := range []string{
		"gemini, model gemini-3.5-flash-lite in eu", "no answer, blocked  1", "accuracy 0.667", "not known: the provider gives no confidence",
		"133333 tokens in, 20000 out, price 0.1067", "p99",
	} {
		if got.code != 0 || !strings.Contains(got.out, line) {
			t.Errorf("%+v\nwant %q", got, line)
		}
	}
}

// Who is interrupted, or finds the model out of reach, goes on where it stopped: no request is sent twice, and no text is kept.
func TestEvalGoesOn(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	ctx, interrupt := context.WithCancel(t.Context())
	e, url := simulatedGemini(t, func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ":generateContent") && calls.Add(1) == 2 {
			interrupt()
		}
	})
	path := file(t, "requests.csv", evalTable)
	args := []string{"eval", path, "--provider", "gemini"}
	if got := execute(ctx, e, args...); got.code != exitFailed || got.out != "" || !strings.Contains(got.errOut, "interrupted; 1 of 3 are kept in "+path+".partial: the same command goes on there") {
		t.Errorf("interrupted: %+v", got)
	}
	fault(t, url, `{"mode":"forbidden"}`)
	if got := execute(t.Context(), e, args...); got.code != exitFailed || !strings.Contains(got.errOut, "request two: project may not use the model; 1 of 3 are kept") {
		t.Errorf("refused: %+v", got)
	}
	kept, err := os.ReadFile(path + ".partial")
	if err != nil || strings.Contains(string(kept), "VPN") || strings.Contains(string(kept), "printer") {
		t.Errorf("kept %s, %v", kept, err)
	}
	if got := execute(t.Context(), e, args...); got.code != 0 || !strings.Contains(got.out, "requests            3") {
		t.Errorf("the rest: %+v", got)
	}
	if n := calls.Load(); n != 5 { // one, two interrupted, two refused, two, three
		t.Errorf("%d calls", n)
	}
}

// Its environment is checked like that of every command: nothing of a value is shown, and no simulator outside dev.
func TestEvalConfiguration(t *testing.T) {
	t.Parallel()
	path := file(t, "requests.csv", evalTable)
	got := execute(t.Context(), environ{"ECHO_ENV": "production", "GEMINI_PROJECT": "acme-help", "GEMINI_LOCATION": "us", "GEMINI_BASE_URL": "http://s3cr3t"},
		"eval", path, "--provider", "gemini")
	for _, says := range []string{"GEMINI_BASE_URL: is set outside dev", "GEMINI_LOCATION: is outside the EU"} {
		if got.code != exitFailed || !strings.Contains(got.errOut, says) || strings.Contains(got.errOut, "s3cr3t") {
			t.Errorf("%+v, want %q", got, says)
		}
	}
	for _, name := range []string{"ECHO_ENV", "GEMINI_PROJECT", "GEMINI_LOCATION", "GEMINI_MODEL"} {
		if help := execute(t.Context(), nil, "eval", "--help"); !strings.Contains(help.out, "\n  "+name+" ") {
			t.Errorf("the help does not name %s", name)
		}
	}
}
