package helpdesk

import (
	"regexp"
	"strings"
)

// maxThanks is the number of words, emoji included, beyond which a reply says more than thanks.
const maxThanks = 6

// Thanks reports whether text is only thanks: a requester's reply that does not reopen a resolved request. It is made
// for Slack's own markup. Every word must belong to the phrases of one language, one of them must thank, and mentions of
// people are passed over. The phrases hold no negation, no question, no condition and no "in advance"; whatever is not
// among them, be it a digit, a link or a question mark of any script, makes the answer false: in doubt a request reopens.
func Thanks(text string) bool {
	var said []string // words, emoji and breaks, no two breaks in a row
	words := 0
	for _, token := range strings.Fields(plain(person.ReplaceAllString(text, " "))) {
		if token != pause {
			words++
		} else if len(said) == 0 || said[len(said)-1] == pause {
			continue
		}
		if words > maxThanks {
			return false
		}
		said = append(said, token)
	}
	for _, t := range tongues {
		if t.thanks(said, false) {
			return true
		}
	}
	return false
}

// pause stands for punctuation that ends a phrase: "thanks. Again!" is not "thanks again".
const pause = ","

// person is Slack's mention of a user. Those of channels, groups and everybody are not ignored.
var person = regexp.MustCompile(`<@[UW][A-Z0-9]+(\|[^<>]*)?>`)

// tongue is one language: its phrases, plain, and whether each of them thanks.
type tongue map[string]bool

// thanks reports whether said consists of phrases only, at least one of them thanking unless that was heard before.
func (t tongue) thanks(said []string, heard bool) bool {
	if len(said) == 0 {
		return heard
	}
	if said[0] == pause {
		return t.thanks(said[1:], heard)
	}
	for n := 1; n <= len(said); n++ {
		thanking, known := t[strings.Join(said[:n], " ")]
		if known && t.thanks(said[n:], heard || thanking) {
			return true
		}
	}
	return false
}

// phrasebook holds what people write when they only say thanks. Phrases are separated by commas and may follow each other
// in any order, so a word stands alone only if it is harmless next to all others: "again" is not, "works again" is.
// Yes and no are left out, because they answer a question that we do not know.
//
//nolint:misspell // most of it is not English
var phrasebook = []struct{ language, thanks, to, works, polite string }{{
	language: "English",
	thanks: `thanks, thank you, thankyou, thx, thnx, thanx, tnx, ty, tyvm, tysm, cheers, ta, many thanks,
		thanks again, thank you again, thanks a lot, thanks a million, thanks a bunch, thanks a ton, big thanks,
		much appreciated, appreciate it, i appreciate it, really appreciate it, appreciated, kudos`,
	to: `all, you all, everyone, everybody, team, guys, folks, mate, so much, very much, a lot, to all, to everyone,
		to you all, to the team, for the help, for your help, for all your help, for the quick help,
		for your quick help, for helping, for helping me, for the support, for your support, for the quick fix,
		for fixing it, for fixing this, for the quick reply, for the quick response, for your time, for the info,
		for everything`,
	works: `works, works now, works again, works fine, works great, works perfectly, works fine now,
		works like a charm, it works, it works now, it works again, it works fine, it works fine now, that works,
		everything works, everything works now, all works, all works now, working, working now, working again,
		it's working, it's working now, it's working again, it is working, it is working now, it is working again,
		everything is working, all working now, that worked, it worked, worked, worked perfectly, that did it,
		that did the trick, did the trick, that helped, fixed, fixed now, it's fixed, it is fixed, it's fixed now,
		solved, problem solved, it's solved, resolved, sorted, all sorted, all set, all good, all good now,
		it's all good, it's all good now, all fine, all fine now`,
	polite: `ok, okay, great, perfect, awesome, amazing, cool, nice, good, excellent, fantastic, wonderful, brilliant,
		super, lovely, that's great, that's perfect, got it, good job, great job, nice job, great work, nice work,
		well done, that was quick, that was fast, you rock, you guys rock, you're the best, you are the best,
		you're awesome, have a nice day, have a great day, have a good day, have a nice weekend, have a great weekend,
		regards, best regards, kind regards`,
}, {
	language: "German",
	thanks: `danke, danke schön, dankeschön, danke sehr, danke vielmals, danke nochmal, danke nochmals,
		danke noch mal, nochmal danke, nochmals danke, danke dir, danke euch, danke ihnen, ich danke dir,
		ich danke euch, ich danke ihnen, vielen dank, besten dank, herzlichen dank, lieben dank, schönen dank,
		tausend dank, vielen lieben dank, dank dir, dank euch, nochmal vielen dank, nochmals vielen dank,
		vielen dank nochmal, vielen dank nochmals, vielen dank euch, vielen dank dir, vielen dank ihnen, und danke,
		und vielen dank, merci, merci vielmal, thanks, thank you, thx`,
	to: `an alle, an euch, ans team, an das team, euch allen, leute, team, für die hilfe, für deine hilfe,
		für eure hilfe, für ihre hilfe, für die schnelle hilfe, für deine schnelle hilfe, für eure schnelle hilfe,
		für ihre schnelle hilfe, für die unterstützung, für eure unterstützung, für die schnelle lösung,
		für die schnelle antwort, für die schnelle rückmeldung, für die info, fürs helfen, für alles`,
	works: `geht, geht jetzt, geht wieder, geht jetzt wieder, geht nun wieder, jetzt geht es, jetzt geht's,
		nun geht es, jetzt geht es wieder, jetzt geht's wieder, es geht wieder, es geht jetzt, es geht jetzt wieder,
		alles geht wieder, läuft, läuft jetzt, läuft wieder, läuft jetzt wieder, läuft alles, jetzt läuft es,
		jetzt läuft's, es läuft, es läuft wieder, es läuft jetzt, alles läuft, alles läuft wieder, funktioniert,
		funktioniert jetzt, funktioniert wieder, funktioniert jetzt wieder, funktioniert super, funktioniert alles,
		es funktioniert, es funktioniert jetzt, es funktioniert wieder, jetzt funktioniert es, jetzt funktioniert's,
		jetzt funktioniert alles, alles funktioniert, alles funktioniert wieder, hat funktioniert,
		das hat funktioniert, klappt, klappt jetzt, klappt wieder, es klappt, es klappt jetzt, es klappt wieder,
		jetzt klappt es, jetzt klappt's, hat geklappt, es hat geklappt, das hat geklappt, hat geholfen,
		das hat geholfen, erledigt, hat sich erledigt, gelöst, ist gelöst, ist erledigt, problem gelöst, behoben,
		passt, passt jetzt, passt alles, alles gut, alles ok, alles bestens, das war es, das war's`,
	polite: `ok, okay, super, perfekt, prima, top, klasse, toll, spitze, cool, mega, genial, wunderbar, hervorragend,
		gut, sehr gut, sehr schön, alles klar, gute arbeit, super arbeit, ihr seid die besten, ihr seid super,
		du bist der beste, du bist die beste, schönen tag, schönen tag noch, einen schönen tag, schönes wochenende,
		schönen feierabend, grüße, viele grüße, liebe grüße, beste grüße, gruß, lg, vg`,
}, {
	language: "French",
	thanks: `merci, mercis, merci beaucoup, merci bcp, merci bien, merci encore, encore merci, merci infiniment,
		mille mercis, mille merci, grand merci, un grand merci, je vous remercie, je te remercie, merci à toi,
		merci à vous, thanks, thx`,
	to: `beaucoup, à tous, à toutes et tous, à l'équipe, à toute l'équipe, tout le monde, l'équipe, pour l'aide,
		pour ton aide, pour votre aide, de ton aide, de votre aide, pour le coup de main, pour tout,
		pour ta réactivité, pour votre réactivité, pour la réactivité, pour ta rapidité, pour votre rapidité,
		pour la rapidité, pour l'info`,
	works: `ça marche, ça marche maintenant, ça marche bien, ça marche très bien, ça marche à nouveau,
		ça marche de nouveau, ça remarche, ça fonctionne, ça fonctionne maintenant, ça fonctionne bien,
		ça fonctionne à nouveau, ça fonctionne de nouveau, ça a marché, ça a fonctionné, cela fonctionne,
		maintenant ça marche, maintenant ça fonctionne, marche, fonctionne, tout marche, tout fonctionne, tout est ok,
		tout est bon, tout est en ordre, tout va bien, c'est bon, c'est tout bon, tout bon, c'est ok, c'est réglé,
		c'est résolu, c'est réparé, résolu, réglé, problème résolu, problème réglé`,
	polite: `ok, okay, super, parfait, génial, nickel, top, cool, excellent, formidable, impeccable, très bien,
		d'accord, c'est parfait, c'est super, c'est top, c'est génial, c'est nickel, beau travail, bon travail, bravo,
		bonne journée, bonne soirée, bon week-end, cordialement, bien cordialement`,
}, {
	language: "Spanish",
	thanks: `gracias, muchas gracias, muchísimas gracias, mil gracias, un millón de gracias, gracias de nuevo,
		de nuevo gracias, gracias otra vez, gracias nuevamente, nuevamente gracias, gracias a ti, gracias a usted,
		gracias a ustedes, gracias a vosotros, agradecido, agradecida, muy agradecido, muy agradecida,
		te lo agradezco, os lo agradezco, se lo agradezco, se agradece, thanks, thx`,
	to: `a todos, a todas, a todo el equipo, al equipo, equipo, chicos, por todo, por la ayuda, por tu ayuda,
		por su ayuda, por vuestra ayuda, por la ayuda rápida, por ayudarme, por el apoyo, por tu apoyo,
		por la rapidez, por tu tiempo, por la información, de verdad, de corazón`,
	works: `funciona, ya funciona, ahora funciona, ahora ya funciona, funciona bien, ya funciona bien,
		funciona perfecto, funciona perfectamente, funciona de nuevo, vuelve a funcionar, ya está funcionando,
		funcionó, todo funciona, ya funciona todo, va bien, ya va bien, ahora va bien, todo va bien, ya está,
		ya quedó, quedó perfecto, todo bien, todo ok, todo perfecto, todo listo, todo en orden, listo, resuelto,
		ya está resuelto, solucionado, ya está solucionado, problema resuelto, problema solucionado, arreglado,
		ya está arreglado`,
	polite: `ok, okay, vale, perfecto, genial, estupendo, excelente, fantástico, maravilloso, súper, de acuerdo,
		entendido, muy bien, muy amable, muy amables, buen trabajo, gran trabajo, eres el mejor, eres la mejor,
		sois los mejores, buen día, que tengas buen día, buen fin de semana, saludos, un saludo, un abrazo`,
}, {
	language: "Italian",
	thanks: `grazie, grazie mille, mille grazie, tante grazie, molte grazie, grazie tante, grazie infinite,
		grazie ancora, ancora grazie, grazie di nuovo, grazie di cuore, grazie a te, grazie a voi, grazie a lei,
		ti ringrazio, vi ringrazio, la ringrazio, thanks, thx`,
	to: `mille, a tutti, a tutto il team, team, ragazzi, di tutto, per tutto, per l'aiuto, dell'aiuto,
		per il tuo aiuto, per il vostro aiuto, per il supporto, del supporto, per l'assistenza, per la rapidità,
		per la velocità, per la disponibilità, per l'informazione, davvero`,
	works: `funziona, ora funziona, adesso funziona, funziona tutto, ora funziona tutto, tutto funziona,
		funziona bene, funziona benissimo, funziona perfettamente, funziona di nuovo, ha funzionato, ora va,
		adesso va, ora va bene, va bene, va bene così, va benissimo, tutto ok, tutto bene, tutto a posto,
		tutto apposto, a posto, a posto così, risolto, tutto risolto, problema risolto, sistemato, tutto sistemato`,
	polite: `ok, okay, perfetto, ottimo, benissimo, fantastico, grande, grandi, super, eccellente, splendido,
		molto bene, d'accordo, ricevuto, gentilissimo, gentilissima, gentilissimi, ottimo lavoro, bel lavoro, bravi,
		bravissimi, sei il migliore, siete i migliori, buona giornata, buona serata, buon lavoro, buon weekend,
		saluti, cordiali saluti, un saluto`,
}, {
	language: "Portuguese",
	thanks: `obrigado, obrigada, obrigados, obrigadas, muito obrigado, muito obrigada, obrigadão, obrigadinho,
		obrigadinha, brigado, brigada, obg, valeu, vlw, grato, grata, muito grato, muito grata, agradecido,
		agradecida, agradeço, agradeço muito, obrigado novamente, obrigada novamente, obrigado de novo,
		obrigada de novo, obrigado mais uma vez, obrigada mais uma vez, mais uma vez obrigado, mais uma vez obrigada,
		thanks, thx`,
	to: `a todos, a todas, pessoal, equipa, equipe, malta, por tudo, pela ajuda, pela sua ajuda, pela tua ajuda,
		pela vossa ajuda, pela ajuda rápida, pelo apoio, pelo suporte, pela atenção, pela rapidez,
		pela resposta rápida, pela informação, mesmo, de coração`,
	works: `funciona, já funciona, agora funciona, agora já funciona, funciona bem, já funciona bem,
		funciona perfeitamente, funciona de novo, funcionou, tudo funciona, tudo funcionando, tudo a funcionar,
		está funcionando, já está funcionando, agora está funcionando, está a funcionar, já está a funcionar,
		voltou a funcionar, deu certo, deu tudo certo, tudo certo, tudo ok, tudo bem, tudo em ordem, já está,
		resolvido, já está resolvido, está resolvido, foi resolvido, tudo resolvido, problema resolvido`,
	polite: `ok, okay, perfeito, ótimo, excelente, beleza, show, maravilha, fantástico, espetáculo, impecável, super,
		legal, fixe, muito bem, muito bom, está bem, combinado, entendido, bom trabalho, ótimo trabalho, bom dia,
		boa tarde, boa noite, bom fim de semana, abraço, um abraço, abraços, cumprimentos`,
}, {
	language: "Dutch",
	thanks: `dank, dank je, dank je wel, dankjewel, dankje, dank u, dank u wel, dankuwel, dank jullie wel,
		dank aan iedereen, bedankt, heel erg bedankt, erg bedankt, hartelijk bedankt, hartelijk dank, veel dank,
		duizendmaal dank, nogmaals bedankt, nogmaals dank, bedankt nogmaals, bedankt weer, super bedankt, thanks,
		thank you, thx, thnx, tnx, merci`,
	to: `allemaal, iedereen, jullie allemaal, team, voor de hulp, voor je hulp, voor jouw hulp, voor jullie hulp,
		voor uw hulp, voor de snelle hulp, voor je snelle hulp, voor jullie snelle hulp, voor het helpen,
		voor de ondersteuning, voor de snelle reactie, voor je snelle reactie, voor de moeite, voor de info,
		voor alles`,
	works: `werkt, werkt nu, werkt weer, werkt nu weer, werkt goed, werkt prima, werkt perfect, het werkt,
		het werkt nu, het werkt weer, het werkt nu weer, het werkt goed, nu werkt het, nu werkt het weer,
		nu werkt alles, alles werkt, alles werkt nu, alles werkt weer, doet het weer, doet het nu, hij doet het weer,
		hij doet het, het doet het weer, gelukt, het is gelukt, is gelukt, opgelost, is opgelost, het is opgelost,
		probleem opgelost, geregeld, is geregeld, het is geregeld, alles goed, alles ok, alles in orde, in orde,
		helemaal goed, helemaal in orde`,
	polite: `ok, oké, okay, top, super, perfect, prima, mooi, fijn, goed, geweldig, fantastisch, uitstekend, helder,
		heel fijn, heel goed, helemaal top, helemaal mooi, goed gedaan, goed werk, fijne dag, fijne dag nog,
		fijn weekend, fijne avond, groet, groeten, groetjes, met vriendelijke groet, mvg`,
}, {
	language: "Polish",
	thanks: `dziękuję, dziękuje, dziękujemy, dzięki, dzięks, dziękuję bardzo, bardzo dziękuję, dzięki bardzo,
		wielkie dzięki, dzięki wielkie, stokrotne dzięki, serdeczne dzięki, serdecznie dziękuję, dziękuję serdecznie,
		pięknie dziękuję, dziękuję pięknie, dziękuję ślicznie, dziękuję ci, dziękuję wam, dziękuję panu,
		dziękuję pani, dziękuję państwu, jeszcze raz dziękuję, jeszcze raz dzięki, dziękuję jeszcze raz,
		dzięki jeszcze raz, thanks, thx`,
	to: `wam, wszystkim, wszystkim razem, zespole, za pomoc, za twoją pomoc, za waszą pomoc, za szybką pomoc,
		za wsparcie, za szybkie wsparcie, za szybką reakcję, za szybką odpowiedź, za poświęcony czas, za informację,
		za wszystko`,
	works: `działa, już działa, teraz działa, teraz już działa, znów działa, znowu działa, ponownie działa,
		działa dobrze, działa świetnie, działa super, działa idealnie, działa jak należy, wszystko działa,
		wszystko już działa, teraz wszystko działa, zadziałało, pomogło, udało się, naprawione, już naprawione,
		rozwiązane, problem rozwiązany, załatwione, gotowe, już jest ok, wszystko ok, wszystko gra,
		wszystko w porządku, w porządku`,
	polite: `ok, okej, okay, super, świetnie, świetna robota, dobra robota, doskonale, idealnie, rewelacja, ekstra,
		wspaniale, bardzo dobrze, jesteście super, jesteście najlepsi, jesteś najlepszy, jesteś najlepsza,
		miłego dnia, dobrego dnia, miłego weekendu, pozdrawiam, pozdrowienia`,
}}

// Emoji belong to every language, as Slack's codes and as characters without skin tone and variation selector.
const (
	thankfulSigns = `:pray: :+1: :thumbsup: :tada: :heart: :hearts: :raised_hands: :clap: :ok_hand: :bow: :man-bowing:
		:woman-bowing: :hugging_face: :hugs: :heart_hands: :bouquet: :smiling_face_with_3_hearts: :partying_face:
		:handshake: :blue_heart: :green_heart: :yellow_heart: :purple_heart: :orange_heart: :sparkling_heart:
		:two_hearts: :thanks: :thank_you: :thank-you: :thankyou: :thx: :ty: :danke: :merci: :gracias: :grazie: 🙏 👍 🎉 ❤
		♥ 🙌 👏 👌 🙇 🤗 🫶 💐 🥰 🥳 🤝 💙 💚 💛 💜 🧡 💖 💕`
	politeSigns = `:smile: :smiley: :grinning: :grin: :blush: :relaxed: :slightly_smiling_face: :simple_smile: :wink:
		:relieved: :sunglasses: :star-struck: :heart_eyes: :white_check_mark: :heavy_check_mark:
		:ballot_box_with_check: :100: :rocket: :muscle: :star: :star2: :sparkles: :trophy: :sunny: :sunflower: :wave:
		:beers: 🙂 😄 😃 😀 😁 😊 ☺ 😉 😌 😎 🤩 😍 ✅ ✔ ☑ 💯 🚀 💪 ⭐ 🌟 ✨ 🏆 ☀ 🌻 👋 🍻 :) :-) ;) ;-) =)`
)

var tongues = learn()

// learn makes the tongues out of the phrasebook.
func learn() []tongue {
	var all []tongue
	// German without umlauts on the keyboard. In the other languages the second spelling is merely never used.
	digraphs := strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue")
	for _, book := range phrasebook {
		t := tongue{}
		for _, part := range []string{book.to, book.works, book.polite, book.thanks} {
			for phrase := range strings.SplitSeq(strings.ReplaceAll(part, "\n", " "), ",") {
				for _, spelling := range []string{phrase, digraphs.Replace(phrase)} {
					t[strings.Join(strings.Fields(plain(spelling)), " ")] = part == book.thanks
				}
			}
		}
		for _, sign := range strings.Fields(politeSigns) {
			t[sign] = false
		}
		for _, sign := range strings.Fields(thankfulSigns) {
			t[sign] = true
		}
		all = append(all, t)
	}
	return all
}

// plain lowers and folds text so that its fields are words, emoji and pauses. What it does not know it leaves where it
// is, inside a word that is then unknown. The semicolon is left on purpose: Greek asks with it.
func plain(text string) string { return folding.Replace(strings.ToLower(text)) }

var folding = newFolding()

func newFolding() *strings.Replacer {
	var pairs []string
	for _, sign := range strings.Fields(thankfulSigns + " " + politeSigns) {
		pairs = append(pairs, sign, " "+sign+" ")
	}
	for _, tone := range []string{":skin-tone-2:", ":skin-tone-3:", ":skin-tone-4:", ":skin-tone-5:", ":skin-tone-6:"} {
		pairs = append(pairs, tone, "")
	}
	for _, class := range []struct{ runes, to string }{
		{"àáâãäåą", "a"}, {"çć", "c"}, {"èéêëę", "e"}, {"ìíîï", "i"}, {"ł", "l"}, {"ñń", "n"}, {"òóôõö", "o"},
		{"ś", "s"}, {"ùúûü", "u"}, {"ýÿ", "y"}, {"źż", "z"}, {"ß", "ss"}, {"œ", "oe"}, {"æ", "ae"},
		{"\u0300\u0301\u0302\u0303\u0307\u0308\u030a\u0327\u0328", ""},   // the accents of decomposed letters
		{"\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff", ""}, // variation selector, skin tones
		{"'’‘ʼ´", ""}, {"-*_", " "}, {".,!¡…–—\n\r", " " + pause + " "}, // c'est, thank-you, *bold*
	} {
		for _, r := range class.runes {
			pairs = append(pairs, string(r), class.to)
		}
	}
	return strings.NewReplacer(pairs...)
}
