package helpdesk_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// onlyThanks are replies that must not reopen a request.
var onlyThanks = map[string][]string{
	"signs": {
		":pray:", ":+1:", ":thumbsup:", ":tada:", "🙏", "👍", "👍🏽", "❤️", "❤", "🙏🙏", ":+1::skin-tone-3:", ":pray: :tada:",
		":+1::tada:", "<@U0DANA> 👍", "👍!", "👍 :slightly_smiling_face:", "🙏 ✅",
	},
	"English": {
		"thanks", "Thanks!", "THANK YOU!!!", "thank you so much", "Thank you, perfect!", "thanks, works now",
		"thanks it works",
		"Thanks <@U0DANA> :pray:", "<@U0DANA|dana>, thanks", "thx 🙏", "works now 👍", "it's working again, thanks!",
		"it’s fixed, thank you",
		"Thanks again!", "thank-you", "*thanks*", "thanks\nworks now", "thanks :)", "ok, thanks", "got it, thanks",
		"all good now, thank you", "thanks for your help", "thank you for the quick help", "ty", "cheers mate",
		"thanks team",
		"thanks everyone", "that did the trick, thanks", "much appreciated", "Perfect – thanks…",
		"thanks, works now :tada:",
	},
	"German": {
		"danke", "Danke schön!", "danke schoen", "DANKE SCHÖN", "Dankescho\u0308n", "Vielen Dank, klappt wieder",
		"danke, geht wieder",
		"jetzt geht's, danke", "danke, läuft", "danke, laeuft", "Herzlichen Dank für die Hilfe",
		"danke fuer die schnelle hilfe",
		"super, danke dir", "danke euch!", "merci vielmal", "thanks, läuft wieder", "passt, danke",
		"Danke! Viele Grüße",
		"danke, hat geklappt 👍",
	},
	"French": {
		"merci", "Merci beaucoup !", "merci, ça marche", "merci ca marche", "c'est bon, merci", "c’est réglé, merci",
		"encore merci",
		"merci pour votre aide", "Merci à tous", "parfait merci", "un grand merci à toute l'équipe",
		"merci, bonne journée",
		"d'accord, merci", "merci 🙏",
	},
	"Spanish": {
		"gracias", "¡Muchas gracias!", "muchas gracias, ya funciona", "mil gracias por todo", "gracias por la ayuda",
		"muchi\u0301simas gracias",
		"perfecto, gracias", "todo bien, gracias", "gracias a todos", "ya está, gracias", "gracias de nuevo",
		"vale gracias",
	},
	"Italian": {
		"grazie", "Grazie mille!", "grazie, ora funziona", "tutto ok, grazie", "va bene così, grazie", "grazie ancora",
		"grazie per l'aiuto", "risolto, grazie", "grazie a tutti", "gentilissimi, grazie", "Vi ringrazio",
	},
	"Portuguese": {
		"obrigado", "Obrigada!", "muito obrigada", "obrigadão", "obrigado, já funciona", "valeu pessoal",
		"deu certo, obrigado",
		"obrigado pela ajuda", "mais uma vez obrigado", "tudo certo, muito obrigado", "obg", "perfeito, obrigada",
	},
	"Dutch": {
		"bedankt", "dank je wel", "dankjewel!", "Hartelijk dank", "bedankt, het werkt weer", "nu werkt het, bedankt",
		"bedankt voor de snelle hulp", "oké, dank u wel", "nogmaals bedankt", "opgelost, dank je", "top, thanks",
	},
	"Polish": {
		"dziękuję", "dziekuje", "Dzięki!", "bardzo dziękuję", "dzięki, już działa", "wielkie dzięki za pomoc",
		"dziękuję za szybką pomoc", "super, dzięki", "jeszcze raz dziękuję", "wszystko działa, dziękuję",
		"DZIĘKUJĘ ŚLICZNIE",
	},
}

// moreThanThanks are replies that reopen, each because it says more, or might.
var moreThanThanks = map[string][]string{
	"nothing": {
		"", "   ", "\n", ".", "!!!", "<@U0DANA>", "\ufe0f", ":skin-tone-2:", "\xff", "thanks\xff", "thanks\x00",
	},
	"thanks nobody": {
		"ok", "works now", "perfect", "geht wieder", "ça marche", "ya funciona", "tutto ok", "tudo bem", "het werkt",
		"działa", "✅", ":100:", ":)",
	},
	"questions": {
		"thanks?", "thanks ?", "thanks!?", "thanks¿", "thanks？", "thanks؟", "thanks⁇", "thanks‽", "thanks՞", "thanks፧",
		"thanks;", "thanks\u037e",
		"thanks ❓", "thanks :question:", "thanks why", "thanks, how", "thanks is it working now",
		"is it fixed now thanks", "thanks, does it work",
		"danke, geht es jetzt", "danke wie", "danke warum", "merci pourquoi", "merci comment", "merci, ça marche quand",
		"gracias cuando", "gracias, por qué",
		"grazie perché", "grazie come", "obrigado porquê", "obrigado quando", "bedankt, werkt het nu", "bedankt hoe",
		"dzięki czemu", "dzięki, czy działa",
	},
	"negation": {
		"no thanks", "thanks, no", "thanks it does not work", "thanks, doesn't work", "thanks, not fixed",
		"thanks for nothing", "thanks, never worked",
		"thanks, not working", "thanks, unresolved", "danke, geht nicht", "danke, geht wieder nicht", "nein danke",
		"danke, läuft nie", "danke, kein erfolg",
		"merci, ça ne marche pas", "merci ça marche pas", "merci, ça marche plus", "non merci", "merci mais rien",
		"gracias, no funciona", "no gracias",
		"gracias, tampoco funciona", "grazie, non funziona", "no grazie", "grazie, funziona mai",
		"obrigado, não funciona", "nao obrigado", "bedankt, werkt niet",
		"nee bedankt", "bedankt, werkt nog niet", "dzięki, nie działa", "nie, dziękuję", "dzięki, już nie działa",
	},
	"however": {
		"thanks but it still fails", "thanks, still broken", "thanks, works sometimes", "thanks if it works",
		"thanks works so so", "thanks, almost works",
		"danke, aber", "danke, geht so", "danke, geht nur manchmal", "danke, sobald es geht", "merci mais",
		"merci, fonctionne encore mal", "gracias pero", "gracias si funciona",
		"gracias, funciona mal", "grazie ma", "grazie, funziona ancora", "obrigado mas", "obrigado, funciona mal",
		"bedankt maar", "dzięki ale", "dzięki, działa źle",
	},
	"it is back": {
		"Thanks. Again!", "thanks, again", "danke, nochmal", "danke, schon wieder", "merci. Encore !",
		"gracias, otra vez", "grazie, ancora", "obrigado, de novo", "bedankt, weer", "dzięki, znowu",
	},
	"asks": {
		"help thanks", "thanks, help", "quick help, thanks", "please, thanks", "yes thanks", "yes please, thanks",
		"thanks, next", "thanks and one more", "thanks in advance",
		"danke im voraus", "ja danke", "bitte, danke", "merci d'avance", "oui merci", "gracias de antemano",
		"sí gracias", "grazie in anticipo", "sì grazie",
		"obrigado desde já", "sim obrigado", "alvast bedankt", "bij voorbaat dank", "ja bedankt", "z góry dziękuję",
		"tak, dziękuję", "thanks, printer",
	},
	"two languages": {
		"danke thanks works now", "merci, it works", "gracias, works now", "grazie, funktioniert", "obrigado gracias",
		"dzięki danke",
	},
	"more than words": {
		"thanks 1", "thanks1", "2 thanks", "thanks ٣", "thanks ½", "thanks in 5 minutes", "thanks https://example.com",
		"thanks <https://example.com>", "thanks <#C0ITHELP>",
		"thanks <!here>", "thanks <!subteam^S1>", "thanks @dana", "<<@U1>@U2> thanks", "&gt; thanks", "~thanks~",
		"`thanks`", "\"thanks\"", "thanks &amp; works now", "thanks %", "thanks/2",
	},
	"bad signs": {
		"thanks :(", "thanks :-(", "thanks :/", "thanks 😞", "thanks 👎", "thanks :disappointed:", "thanks :x:", ":-1:",
		":thumbsdown:", "👍👎", "❤️‍🔥", ":no_thanks:", ":thanks_team:", ":pray", "thanks :",
	},
	"other scripts": {"тhаnks", "thаnks", "ｔｈａｎｋｓ", "спасибо", "ありがとう", "thanks\u200b", "\u202ethanks", "t\u0338hanks"},
	"too long": {
		"thanks thanks thanks thanks thanks thanks thanks", "👍👍👍👍👍👍👍", "thank you for your help, works now",
		strings.Repeat("thanks ", 10000),
	},
}

func TestThanks(t *testing.T) {
	t.Parallel()
	for group, texts := range onlyThanks {
		for _, text := range texts {
			for _, as := range []string{text, strings.ToUpper(text), "  " + text + " \n", text + " <@W0DANA>", text + "!!!"} {
				if !helpdesk.Thanks(as) {
					t.Errorf("%s: Thanks(%q) = false, want true", group, as)
				}
			}
		}
	}
	for group, texts := range moreThanThanks {
		for _, text := range texts {
			for _, as := range []string{text, "<@U0DANA> " + text} {
				if helpdesk.Thanks(as) {
					t.Errorf("%s: Thanks(%q) = true, want false", group, as)
				}
			}
		}
	}
}

// TestThanksAndMore puts what no thanks contain into every place between the words of thanks.
func TestThanksAndMore(t *testing.T) {
	t.Parallel()
	for _, texts := range onlyThanks {
		for _, text := range texts {
			words := strings.Fields(text)
			for at := range len(words) + 1 {
				for _, more := range []string{
					"?", "¿", "؟", "7", "1.", "printer", "xyzzy", "<#C1>", "<https://example.com>", // anything unknown
					"not", "but", "why", "help", "please", "nicht", "aber", "warum", "pas", "mais", "pourquoi", "no",
					"pero", "por qué", "non", "ma", "perché",
					"não", "mas", "porquê", "niet", "maar", "waarom", "nie", "ale", "dlaczego",
				} {
					said := strings.Join(words[:at], " ") + " " + more + " " + strings.Join(words[at:], " ")
					if helpdesk.Thanks(said) {
						t.Errorf("Thanks(%q) = true, want false", said)
					}
				}
			}
			for _, glued := range []string{text + "?", "?" + text, text + "7", "7" + text, text + "xyzzy"} {
				if helpdesk.Thanks(glued) {
					t.Errorf("Thanks(%q) = true, want false", glued)
				}
			}
		}
	}
}

// unworded is what Thanks does not count: mentions, and the skin tone of a sign.
var unworded = regexp.MustCompile(`<@[UW][A-Z0-9]+(\|[^<>]*)?>|:(?i:skin-tone)-[2-6]:`)

func FuzzThanks(f *testing.F) {
	for _, texts := range onlyThanks {
		for _, text := range texts {
			f.Add(text)
		}
	}
	for _, text := range []string{"", "\xff", "<@U1|", ":", "::", ",,,,", "thanks <@U1> 7", strings.Repeat("thanks ", 7)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !helpdesk.Thanks(text) {
			return
		}
		said := unworded.ReplaceAllString(text, " ")
		words := 0
		for _, field := range strings.Fields(said) {
			if strings.ContainsFunc(field, unicode.IsLetter) {
				words++
			}
		}
		if words > 6 {
			t.Errorf("Thanks(%q) = true for %d words", text, words)
		}
		if strings.Contains(said, "?") {
			t.Errorf("Thanks(%q) = true for a question", text)
		}
		for _, more := range []string{"?", " 7", " not", " xyzzy", " <#C1>"} {
			if helpdesk.Thanks(text + more) {
				t.Errorf("Thanks(%q) = true, want false", text+more)
			}
		}
	})
}
