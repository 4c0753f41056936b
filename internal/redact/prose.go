package redact

import (
	"regexp"
	"slices"
	"strings"
)

// head is a word after which a secret may follow, in the five languages. Patterns read lower-case text.
type head struct {
	kind Kind
	// stems are parts of it, of which one is in the text where the pattern can match: most texts have none.
	stems   []string
	pattern *regexp.Regexp
	fits    func(value, manner) bool
}

var heads = []head{
	{Password, strings.Fields("pass ssid kennwort pwd pw psw contrase clave parola mdp psk wpa wifi wi-fi wlan schlüssel clé key code"), regexp.MustCompile(
		`pass ?wor[dt]e?[rs]?|passphrase|passcode|kennw(?:o|ö)rte?r?|passwd|passwrd|\bpasswort\b|\bpwd?\b|\bpsw\b|\bpass\b|\bmots? de passe\b|\bmdp\b|contrase(?:ñ|Ñ|n)as?\b|` +
			`\bclaves?\b|\bparola(?: d'ordine| chiave)?\b|\bpsk\b|pre-?shared key\b|\bwpa[23]?[ -](?:key|psk)\b|\b(?:wlan|wi-?fi|netzwerk)[ -]?(?:schlüssel|key|code|pass)\b|` +
			`\bcl(?:é|e) (?:wi-?fi|wpa|réseau)\b|\bc(?:ode|ódigo|odice) (?:du |del |de )?wi-?fi\b|\bcodice (?:d'|di )accesso\b|` +
			`\bssid\b[^\n]{0,40}\n[^\n]{0,20}\b(?:key|schlüssel|clé|clave|chiave)\b|\bcode d'accès\b|\bcódigo de acceso\b|\bzugangscode\b|\bnetwork (?:security )?key\b`), fitsPassword},
	{Password, strings.Fields("pin code"), regexp.MustCompile(`\b(?:code )?pin(?:[ -]?(?:code|nummer|number))?\b|\b(?:geräte|unlock|entsperr)[ -]?code\b`), fitsPIN},
	{Password, strings.Fields("code kode código codigo codic"), regexp.MustCompile(
		`\b(?:door|gate|alarm|garage|entry|keypad|safe) ?codes?\b|\b(?:tür|tor|alarm|tresor|haus)-?codes?\b|\bdigicodes?\b|\bcodes? (?:de |d')?(?:la |l')?(?:porte|alarme|entrée|coffre|portail)\b|` +
			`\bc(?:ó|o)digos? (?:de )?(?:la )?(?:puerta|alarma|entrada|caja)\b|\bcodic[ei] (?:della |dell')?(?:porta|allarme|ingresso|cancello|cassaforte)\b`), fitsDoor},
	{Password, strings.Fields("keypad tastierino marc tipp digita tecle"), regexp.MustCompile(`\bkeypad\b|\btastierino\b|\bmarc(?:o|a|aba|amos|ar)\b|\btipp(?:t|e|en)\b|\bsi digita\b|\btecle(?:o|a|ar)\b`), fitsKeypad},
	{Token, strings.Fields("key token secret segret schlüssel clé clave chiave jeton lizenz licen"), regexp.MustCompile(
		`\b(?:api|access|account|client|secret|auth|authorization|bearer|refresh|bot|personal access|licen[cs]e|product|activation|sas|encryption|master|admin|service|deploy|webhook|signing|shared)` +
			`[ _-]?(?:access[ _-]?)?(?:key|token|secret)\b|\bapi[ -]?(?:schlüssel|token|secret)|\b(?:token|secret|jeton|secreto|segreto)\b|\b(?:zugriffs|lizenz|produkt|aktivierungs)(?:schlüssel|token|key)\b|` +
			`\bcl(?:é|e) (?:d'|de l'|de )?(?:api|accès|licence|produit)\b|\bclave (?:de )?(?:la )?(?:api|acceso|licencia|produ[ck]to)\b|\bchiave (?:di )?(?:api|accesso|licenza|prodotto)\b`), fitsToken},
	{RecoveryCode, strings.Fields("code kode código codic otp tan clé clave chiave schlüssel key"), regexp.MustCompile(
		`\b(?:mfa|2fa|zwei-?faktor|two-factor|otp|totp|sms|one[ -]time|einmal|single[ -]use|verification|verifizierungs|bestätigungs|authenticator|authentication|authentifizierungs|sicherheits|security|confirmation|login|sign-?in)` +
			`[ -]?(?:pass)?(?:codes?|passcodes?|kode|pin)\b|\b(?:otp|mtan|tan)\b|\b(?:recovery|backup|wiederherstellungs|notfall|ersatz)[ -]?(?:codes?|keys?|schlüssel)\b|` +
			`\bcodes? (?:de |à )?(?:usage unique|secours|récupération|vérification|validation|sécurité|mfa|2fa|otp|sms)\b|\bcl(?:é|e) de récupération\b|` +
			`\bcódigos? (?:de )?(?:un solo uso|recuperación|respaldo|verificación|seguridad|mfa|2fa|otp|sms)\b|\bclave de recuperación\b|` +
			`\bcodic[ei] (?:di )?(?:monouso|recupero|backup|verifica|sicurezza|emergenza|mfa|2fa|otp|sms)\b|\bchiave di (?:recupero|ripristino)\b`), fitsCode},
}

// prose finds secrets beside a word which says what they are: "password: x", "the password for the share is x", "Passwort auf
// x geändert", "x is my password".
func prose(in input) (found []span) {
	for _, h := range heads {
		for _, m := range h.find(in.lower) {
			if stands(in.lower, m[1]) {
				found = h.follow(in, m[1], found)
			}
			if v, ok := h.before(in, m[0]); ok && h.kind != Token {
				found = append(found, span{v.start, v.end, h.kind})
			}
		}
	}
	return found
}

// doors are parts of words about signing in.
var doors = strings.Fields("passw passwor kennwort passe mdp contrase clave pwd pw login logg log-in sign-in signin signing anmeld einlogg connexion connecter " +
	"identifi acced acceso accesso accedo entro entrar credenz credenc credent zugang benutzer utilisateur usuario utente utenza user account konto compte cuenta session sesi " +
	"sign déverrouill complexity komplex reset reimpost collegat verschlüss cifrad cifrat chiffr")

// air has keys, too.
var air = strings.Fields("wifi wi-fi wlan")

// evident finds what looks like nothing but a password, in a message about signing in: capital and small letters, a digit and,
// between them, a character that words do not have. Where somebody says what was typed or set, less is enough.
func evident(in input) (found []span) {
	says := func(part string) bool { return strings.Contains(in.lower, part) }
	about := slices.ContainsFunc(doors, says)
	key := about || slices.ContainsFunc(air, says)
	since := reach // words since one that says that something was typed or set
	for at := skip(in.text, 0, " \t\r\n"); at < len(in.text); since++ {
		v := valueAt(in, at)
		at = skip(in.text, max(v.to, at+1), " \t\r\n")
		if slices.Contains(givers, strings.Trim(in.lower[v.from:v.to], ",.;:()'\"")) {
			since = 0
			continue
		}
		if v.quoted && strings.Contains(v.text, " ") || len(v.text) < 6 || len(v.text) > 64 || strings.ContainsAny(v.text, `/\<>=:`) {
			continue
		}
		given := since < reach || slices.Contains(givers, v.next)
		if (about && v.unlikeWords() && !v.quoted || given && v.given(key)) && !v.never() {
			found = append(found, span{v.start, v.end, Password})
			since = min(since, 1) // another one may follow
		}
	}
	return found
}

// reach is how many words may stand between one that says that something was typed and what was typed.
const reach = 4

// unlikeWords reports whether a value has all that words do not have.
func (v value) unlikeWords() bool {
	l := lookAt(v.text)
	return len(v.text) >= 8 && !strings.Contains(v.text, "&") && l.digit && l.inside && l.letter && mixedCase(v.text)
}

// given reports whether a value that somebody may have typed is more than a word, a name of a product or a host, or the id of
// something. key says that the message is about something that has one.
func (v value) given(key bool) bool {
	l := lookAt(v.text)
	inner := strings.TrimRight(v.text[1:], "!?*#$")
	switch {
	case !l.letter || v.ofProduct():
		return false
	case strings.ContainsAny(inner, "!#$%^*~§€") && (l.digit || mixedCase(v.text)),
		strings.Contains(inner, "&") && l.digit && mixedCase(v.text):
		return true
	case !key || !l.digit:
		return false
	}
	return strings.ContainsAny(v.text[len(v.text)-1:], "!?*#$") ||
		len(v.text) >= 8 && mixedCase(v.text) && (ending.MatchString(v.text) || leet.MatchString(v.text)) || len(wordsOf.FindAllString(v.text, 3)) > 1
}

var (
	// ending is a password as most people make them: a name and a number.
	ending = regexp.MustCompile(`^\pL[\pL._-]{4,}\d{1,4}$`)
	// leet has a digit for a letter.
	leet = regexp.MustCompile(`\p{Ll}[013457]\p{Ll}{2}`)
	// wordsOf are those of words in a row, as generators make them; hosts and devices have shorter ones.
	wordsOf = regexp.MustCompile(`(?:^|-)\pL?\p{Ll}{3,}\b`)
	// product is a name with a version, as of an operating system; shortcut is what keys are pressed together.
	product  = regexp.MustCompile(`^\pL+[- ]?\d{1,3}$`)
	shortcut = regexp.MustCompile(`(?i)^(?:ctrl|strg|alt|cmd|command|shift|umschalt|maj|mayús|maiusc|win|windows|fn)\+`)
)

// ofProduct reports whether a value is the name of a product, a handle or a shortcut.
func (v value) ofProduct() bool {
	name, _, _ := strings.Cut(strings.ToLower(strings.TrimRight(v.text, "0123456789.!?")), "-")
	return v.text[0] == '@' || product.MatchString(v.text) || shortcut.MatchString(v.text) || slices.Contains(ordinary, name) || slices.Contains(products, name)
}

func mixedCase(s string) bool { return strings.ToLower(s) != s && strings.ToUpper(s) != s }

// around is how far from a stem the rest of its head may stand, in bytes.
const around = 80

// find returns where a head stands. The pattern is tried only around stems: most texts have none, and on a short text it is
// many times faster.
func (h head) find(lower string) (places [][]int) {
	end := 0
	for at := 0; at < len(lower); {
		next := len(lower)
		for _, s := range h.stems {
			if i := strings.Index(lower[at:min(len(lower), next+len(s))], s); i >= 0 {
				next = min(next, at+i)
			}
		}
		if next == len(lower) {
			break
		}
		from := end
		if next-around > end {
			from = next - around
			from += strings.IndexAny(lower[from:next], " \n") + 1
		}
		end = min(len(lower), next+around)
		if i := strings.IndexAny(lower[end:min(len(lower), end+around)], " \n"); i >= 0 {
			end += i
		}
		for _, m := range h.pattern.FindAllStringIndex(lower[from:end], -1) {
			places = append(places, []int{from + m[0], from + m[1]})
		}
		at = end
	}
	return places
}

// stands reports whether a word ends at a place: "passwordless", "password-reset" and "passwords.xlsx" are other words.
func stands(s string, end int) bool {
	switch {
	case end == len(s):
		return true
	case isWord(s[end]):
		return false
	case s[end] == '-' || s[end] == '.':
		return end+1 == len(s) || !isWord(s[end+1])
	}
	return true
}

// follow reads on from a head to the first value that fits, over at most a dozen words of the same sentence.
func (h head) follow(in input, at int, found []span) []span {
	at = skip(in.text, at, "*_`\"')”»")
	at = skip(in.text, at, " \t")
	if next := skip(in.text, at, ":=>→-–"); next > at && (strings.ContainsAny(in.text[at:next], ":=>→") || next == skip(in.text, next, " ")-1) {
		next = skip(in.text, next, " \t*_")
		v := h.valueAt(in, skip(in.text, next, "\r\n "))
		if h.fits(v, assigned) {
			return h.take(in, v, found)
		}
		at = next
	}
	how := adjacent
	for words := 0; words < 12 && at < len(in.text); words++ {
		v := h.valueAt(in, at)
		if v.start == v.end {
			return found
		}
		if h.fits(v, how) {
			return h.take(in, v, found)
		}
		word := strings.Trim(strings.ToLower(in.text[v.from:v.to]), ",;:.!?()\"'*_`")
		last := in.text[v.to-1]
		switch {
		case how == stated && slices.Contains(adverbs, word): // "is now"
		case slices.Contains(copulas, word), last == ':' || last == '=':
			how = stated
		case slices.Contains(movers, word):
			how = moved
		case strings.IndexByte(".!?;", last) >= 0:
			next := valueAt(in, skip(in.text, v.to, " "))
			if !slices.Contains(pronouns, strings.TrimRight(strings.ToLower(in.text[next.from:next.to]), ":")) {
				return found
			}
			how = adjacent
		default:
			how = adjacent
		}
		at = skip(in.text, v.to, " \t")
		if at < len(in.text) && (in.text[at] == '\n' || in.text[at] == '\r') {
			if how != stated {
				return found
			}
			at = skip(in.text, at, " \t\r\n")
		}
	}
	return found
}

// valueAt reads the value at a place. Codes are printed in groups of digits.
func (h head) valueAt(in input, at int) value {
	v := valueAt(in, at)
	if m := grouped.FindStringIndex(in.text[at:min(len(in.text), at+40)]); h.kind == RecoveryCode && m != nil {
		v.start, v.end = at, at+m[1]
		v.to = max(v.to, v.end)
		v.text = in.text[v.start:v.end]
	}
	return v
}

// take adds a value, and of codes also those that follow: they come in lists.
func (h head) take(in input, v value, found []span) []span {
	found = append(found, span{v.start, v.end, h.kind})
	for n := 0; h.kind == RecoveryCode && n < 24; n++ {
		next := skip(in.text, v.to, " \t\r\n,;*_-•")
		if and := listing.FindString(in.lower[next:min(len(in.lower), next+8)]); and != "" {
			next += len(and)
		}
		v = h.valueAt(in, next)
		if !listed(v.text) {
			break
		}
		found = append(found, span{v.start, v.end, h.kind})
	}
	return found
}

// listing is what stands before the last of a list.
var listing = regexp.MustCompile(`^(?:and|or|und|oder|et|ou|y|o|e|ed) `)

// before reads back from a head, over a few articles and a copula.
func (h head) before(in input, end int) (value, bool) {
	tied := false
	for words := 0; words < 5 && end > 0; words++ {
		from := max(0, end-100)
		stop := from + len(strings.TrimRight(in.text[from:end], " \t"))
		start := from + strings.LastIndexAny(in.text[from:stop], " \t\n") + 1
		if v := valueAt(in, start); tied && (h.fits(v, adjacent) || h.fits(v, moved)) {
			return v, true
		}
		word := strings.ToLower(in.text[start:stop])
		switch {
		case !tied && (slices.Contains(copulas, word) || slices.Contains(likes, word)):
			tied = true
		case tied || !slices.Contains(articles, word):
			return value{}, false
		}
		end = start
	}
	return value{}, false
}

var (
	// pair is a user and what opens the door, behind a word that says so.
	pair = regexp.MustCompile(`\b(?:credentials?|creds|log-?in(?: data)?|zugangsdaten|anmeldedaten|logindaten|identifiants?|credenciales|credenziali|usu?er(?:name)?|benutzer(?:name)?|utilisateur|usuario|utente|acceso|accesso)` +
		`(?:[ \t]+(?:is|are|sind|ist|sont|est|son|es|sono|è|for|für|pour|para|per|with|mit|avec|con)(?:[ \t]+\S{1,30}){0,2}?)?(?:[ \t]*:[ \t]*|[ \t]+)([^\s:/|,]{2,40})(?:[ \t]*[/:|,][ \t]*|[ \t]+(?:and|und|et|y|e)[ \t]+)([^\s]{6,64})`)
	// pairStems are parts of those words.
	pairStems = strings.Fields("cred log daten ident user benutzer utilisateur usuario utente acceso accesso admin root gast guest test service invit ospite")
	// command is a program that is given a password.
	command = regexp.MustCompile(`(?:--?pass(?:word)?[= ]|sshpass -p ?|/user:\S{1,60} |/pass(?:word)?:|convertto-securestring (?:-string )?|curl [^\n]{0,200}?-u ?[^\s:]{1,60}:|mysql [^\n]{0,100}?-p|docker login [^\n]{0,100}?-p[= ]|smbclient [^\n]{0,100}?-u ?["']?[^\s%]{1,60}%)["']?([^\s"']{4,64})`)
	// account is one that everybody knows, and what opens it.
	account = regexp.MustCompile(`\b(?:admin|administrator|root|guest|gast|invité|invitado|ospite|test|service)[ \t]*:[ \t]*([^\s]{6,64})`)
	// called is what stands in quotes and is called a password after it.
	called = regexp.MustCompile(`["“„«]([^"”»\n]{8,80})["”»] (?:as|als|comme|como|come) (?:\pL+ ){0,2}?(?:pass|kennwort|mot de passe|contrase|clave|frase|phrase)`)
	// assignment is a line of configuration.
	assignment = regexp.MustCompile(`((?:passwor[dt]|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|accesskey)[\w.-]{0,40}["']?[ \t]?(?:=|:=|=>|":)[ \t]?["']?)([^\s"';,&<>]{4,200})`)
)

// phrase is what a passphrase of several words stands behind, and the words up to what ends a sentence.
var phrase = regexp.MustCompile(`\b(?:passphrase|pass phrase|phrase (?:secrète|de passe)|frase (?:de paso|secreta|segreta|di accesso)|merksatz)\b[^\n:=("“«]{0,40}?` +
	`(?:[:=]|\b(?:is|was|ist|lautet|war|est|était|es|era|è)\b)[ \t]*["“„«]?[ \t]*((?:[\pL\d'’-]+ ){2,9}[\pL\d'’-]+)`)

// phrases finds passphrases of several words, which look like any others.
func phrases(in input) (found []span) {
	if strings.ContainsAny(in.text, `"“„«`) {
		for _, m := range called.FindAllStringSubmatchIndex(in.lower, -1) {
			found = append(found, span{m[2], m[3], Password})
		}
	}
	if !strings.Contains(in.lower, "phrase") && !strings.Contains(in.lower, "frase") && !strings.Contains(in.lower, "merksatz") {
		return found
	}
	for _, m := range phrase.FindAllStringSubmatchIndex(in.lower, -1) {
		if first, _, _ := strings.Cut(in.lower[m[2]:m[3]], " "); !slices.Contains(ordinary, first) {
			found = append(found, span{m[2], m[3], Password})
		}
	}
	return found
}

// pairs finds "login: user / x" and passwords on a command line.
func pairs(in input) (found []span) {
	if !slices.ContainsFunc(pairStems, func(s string) bool { return strings.Contains(in.lower, s) }) {
		return commands(in)
	}
	for _, m := range pair.FindAllStringSubmatchIndex(in.lower, -1) {
		if v := valueAt(in, m[4]); fitsPassword(v, moved) && strings.IndexByte(in.text[v.start:v.end], '/') < 0 {
			found = append(found, span{v.start, v.end, Password})
		}
	}
	for _, m := range account.FindAllStringSubmatchIndex(in.lower, -1) {
		if v := valueAt(in, m[2]); fitsPassword(v, moved) && strings.IndexByte(v.text, '/') < 0 {
			found = append(found, span{v.start, v.end, Password})
		}
	}
	return append(found, commands(in)...)
}

func commands(in input) (found []span) {
	if strings.Contains(in.lower, "pass") || strings.Contains(in.text, "-p") || strings.Contains(in.lower, "-u") || strings.Contains(in.lower, "/user:") || strings.Contains(in.lower, "securestring") {
		for _, m := range command.FindAllStringSubmatchIndex(in.lower, -1) {
			if v := (value{text: in.text[m[2]:m[3]], start: m[2], end: m[3]}); fitsPassword(v, quoted) {
				found = append(found, span{m[2], m[3], Password})
			}
		}
	}
	return found
}

// assignments finds lines of configuration and connection strings: DB_PASSWORD=x, AccountKey=x.
func assignments(in input) (found []span) {
	if !strings.ContainsAny(in.text, "=\"") {
		return nil
	}
	for _, m := range assignment.FindAllStringSubmatchIndex(in.lower, -1) {
		kind := Token
		if name := in.lower[m[2]:m[3]]; strings.HasPrefix(name, "pass") || strings.HasPrefix(name, "pwd") {
			kind = Password
		}
		if v := (value{text: in.text[m[4]:m[5]]}); fitsPassword(v, quoted) && (kind == Password || strings.ContainsAny(v.text, "0123456789")) {
			found = append(found, span{m[4], m[5], kind})
		}
	}
	return found
}
