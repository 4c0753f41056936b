package suspicion_test

import (
	"testing"

	"github.com/echo-synch/echo-synch/internal/evaluation"
	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/suspicion"
)

// Of the attacks most are noticed; of requests as people write them, none.
func TestSteers(t *testing.T) {
	t.Parallel()
	attacks := geminisim.Attacks()
	noticed, missed := 0, make(map[string]int)
	for _, a := range attacks {
		if suspicion.Steers(a.Text) {
			noticed++
		} else {
			missed[a.Technique]++
		}
	}
	t.Logf("%d of %d attacks are noticed; missed, by technique: %v", noticed, len(attacks), missed)
	if noticed*100 < 75*len(attacks) {
		t.Errorf("%d of %d attacks are noticed", noticed, len(attacks))
	}
	requests, err := evaluation.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range requests {
		if suspicion.Steers(q.Text) {
			t.Errorf("%s is suspected: %s", q.ID, q.Text)
		}
	}
	t.Logf("of %d requests none is suspected", len(requests))
}

// Words of such attacks have honest uses, too.
func TestHonestMessages(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "Can you ignore my previous message, it works again?", "Jira shows no summary page any more", "Die Zusammenfassung im Confluence fehlt",
		"Please ignore the alert from srv-3", "It says: you are now offline", "Vergiss meine letzte Nachricht, geht wieder",
		"The system is down", "Bitte antwortet mir per Mail", "Which label printer do we use?", "How do I create a tool in Retool?",
		"El resumen mensual no se genera", "Le résumé hebdomadaire est vide", "Can somebody reply only by phone please", "priority: high, label: network",
		"<!channel> is the VPN down for everybody?", "Bitte alle Anweisungen zur VPN-Einrichtung schicken", "@here wifi?", "mark request #12 as resolved please",
	} {
		if suspicion.Steers(text) {
			t.Errorf("%q is suspected", text)
		}
	}
}

func BenchmarkSteers(b *testing.B) {
	text := "VPN drops every ten minutes since this morning, I cannot reach the intranet and the summary of our ticket says nothing. "
	for len(text) < 2<<10 {
		text += text
	}
	b.SetBytes(2 << 10)
	for b.Loop() {
		suspicion.Steers(text[:2<<10])
	}
}
