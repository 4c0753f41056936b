package lexical_test

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/lexical"
)

func TestPriorityInFiveLanguages(t *testing.T) {
	t.Parallel()
	c := lexical.New(helpdesk.StarterTaxonomy())
	for want, texts := range map[helpdesk.Priority][]string{
		helpdesk.Critical: {
			"Totalausfall im Lager", "niemand kann mehr drucken", "mein Laptop wurde gestohlen", "tout le monde est déconnecté",
			"on m'a volé mon téléphone", "nadie puede entrar", "nos han hackeado", "nessuno riesce a stampare", "mi hanno rubato il portatile",
			"40 users have no VPN", "40 Kollegen ohne VPN", "40 personnes sans VPN", "40 usuarios sin VPN", "40 utenti senza VPN",
		},
		helpdesk.High: {
			"VPN geht nicht, dringend!", "VPN geht nicht\ndringend", "der Vorstand wartet", "Le VPN ne marche pas, urgent", "je ne peux plus travailler",
			"La VPN no va, es urgente", "presentación a las 12", "La VPN non va, è urgente", "il consiglio di amministrazione aspetta",
			"strange mail, maybe phishing, I didn't click",
		},
		helpdesk.Medium: {
			"3 users have no VPN", "nicht alle Kollegen, nur ich", "no outage, only my screen flickers", "kein Ausfall, nur mein Bildschirm flackert",
			"pas de panne générale, seulement mon écran clignote",
		},
		helpdesk.Low: {
			"nicht dringend: Maus defekt", "ist nicht so dringend", "pas urgent, ma souris est cassée", "ce n'est pas du tout urgent", "no es urgente",
			"no es nada urgente", "non è urgente", "non è per niente urgente", "it isn't urgent", "not really urgent",
			"Wie kann ich beidseitig drucken?", "comment imprimer en recto verso", "¿cómo configuro la firma?", "come faccio a cambiare la firma?",
			"who is responsible for the coffee machine?",
		},
	} {
		for _, text := range texts {
			if got := c.Triage(text); got.Priority != want {
				t.Errorf("%q has priority %s, want %s", text, got.Priority, want)
			}
		}
	}
}

// Haste leaves accents out and turns letters round; German puts words together.
func TestWordsAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	c := lexical.New(helpdesk.StarterTaxonomy())
	for text, want := range map[string]string{
		"the pritner is out of paper": "printing", "my keybord": "hardware", "pleaze instal Zoom": "software", "mi contrasena no vale": "access",
		"l’imprimante": "printing", "dell'imprimante": "printing", "die Netzwerkdruckerfreigabe ist weg": "printing",
		"ich brauche eine Passwortzurücksetzung": "access", "mein Bildschirmkabel ist lose": "hardware", "stampanti": "printing", "PRINTERS!!!": "printing",
		"impri\u0301mante": "printing", // an accent of its own
	} {
		if got := c.Triage(text); got.Label != want {
			t.Errorf("%q has label %s (%s), want %s", text, got.Label, got.Summary, want)
		}
	}
}

// A label of an admin's own works by its words, and by what its name means in any of the five languages.
func TestOwnLabels(t *testing.T) {
	t.Parallel()
	labels := []helpdesk.Label{
		{Key: "l1", Name: "Netzwerk & VPN"}, {Key: "l2", Name: "Drucker"}, {Key: "l3", Name: "SAP"},
		{Key: "l4", Name: "Fuhrpark", Description: "Dienstwagen, Tankkarten", Examples: []string{"Die Tankkarte wird nicht akzeptiert"}},
		{Key: "other", Name: "Sonstiges"},
	}
	c := lexical.New(labels)
	for text, want := range map[string]string{
		"das WLAN ist langsam": "l1", "the wifi is slow": "l1", "Toner leer": "l2", "paper jam on floor 2": "l2", "SAP hängt sich auf": "l3",
		"meine Tankkarten sind gesperrt": "l4", "der Dienstwagen springt nicht an": "l4", "xyzzy": "other",
	} {
		if got := c.Classify(text); got.Label != want {
			t.Errorf("%q has label %s (%s), want %s", text, got.Label, got.Summary, want)
		}
	}
	// Beside the starter label the word list stays where it is.
	both := append(helpdesk.StarterTaxonomy(), helpdesk.Label{Key: "drucker", Name: "Drucker Werk 2"})
	if got := lexical.New(both).Triage("toner is empty"); got.Label != "printing" {
		t.Errorf("the toner went to %s", got.Label)
	}
}

func TestConfidence(t *testing.T) {
	t.Parallel()
	c := lexical.New(helpdesk.StarterTaxonomy())
	sure, unsure := c.Classify("the printer on floor 3 has a paper jam and no toner"), c.Classify("xyzzy plugh")
	if sure.NeedsHuman() || sure.Confidence < 0.9 || !unsure.NeedsHuman() || unsure.Label != "other" {
		t.Errorf("sure %+v, unsure %+v", sure, unsure)
	}
	for _, text := range []string{"", "vpn", strings.Repeat("vpn printer outlook ", 500)} {
		if got := c.Classify(text).Confidence; math.IsNaN(got) || got <= 0 || got > 1 {
			t.Errorf("%.20q: confidence %v", text, got)
		}
	}
}

// The data have the form that their heads describe, and stand for labels that there are.
func TestData(t *testing.T) {
	t.Parallel()
	languages := []string{"en", "de", "fr", "es", "it"}
	for file, kinds := range map[string][]string{
		"words.txt": {"label", "names", "en", "en!", "de", "de!", "fr", "fr!", "es", "es!", "it", "it!"}, "common.txt": languages,
		"urgency.txt": {"incident", "outage", "everyone", "blocked", "urgent", "deadline", "executive", "calm", "unharmed", "wish", "not"},
	} {
		raw, err := os.ReadFile("data/" + file)
		if err != nil {
			t.Fatal(err)
		}
		lines := make(map[string]int)
		for line := range strings.Lines(string(raw)) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			kind, said, _ := strings.Cut(line, " ")
			lines[kind]++
			switch {
			case !slices.Contains(kinds, kind):
				t.Errorf("%s: unknown line %q", file, kind)
			case kind == "label" && !helpdesk.Known(helpdesk.StarterTaxonomy(), strings.Fields(said)[0]):
				t.Errorf("%s: no label %q", file, said)
			case file == "urgency.txt" && !slices.Contains(languages, said[:2]):
				t.Errorf("%s: no language %q", file, said[:2])
			}
			for phrase := range strings.SplitSeq(said, ",") {
				if strings.TrimSpace(phrase) == "" {
					t.Errorf("%s: an empty phrase in %q", file, line)
				}
			}
		}
		for _, kind := range kinds {
			if want := map[string]int{"words.txt": 10, "common.txt": 1, "urgency.txt": 5}[file]; lines[kind] != want {
				t.Errorf("%s: %d lines %q, want %d", file, lines[kind], kind, want)
			}
		}
	}
}
