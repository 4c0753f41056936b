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
	{Token, strings.Fields("key token secret segret schlüssel clé clave chiave jeton lizenz licen"), regexp.MustCompile(
		`\b(?:api|access|account|client|secret|auth|authorization|bearer|refresh|bot|personal access|licen[cs]e|product|activation|sas|encryption|master|admin|service|deploy|webhook|signing|shared)` +
			`[ _-]?(?:access[ _-]?)?(?:key|token|secret)\b|\bapi[ -]?(?:schlüssel|token|secret)|\b(?:token|secret|jeton|secreto|segreto)\b|\b(?:zugriffs|lizenz|produkt|aktivierungs)(?:schlüssel|token|key)\b|` +
			`\bcl(?:é|e) (?:d'|de l'|de )?(?:api|accès|licence|produit)\b|\bclave (?:de )?(?:la )?(?:api|acceso|licencia|produ[ck]to)\b|\bchiave (?:di )?(?:api|accesso|licenza|prodotto)\b`), fitsToken},
	{RecoveryCode, strings.Fields("code kode código codic otp tan clé clave chiave schlüssel key"), regexp.MustCompile(
		`\b(?:mfa|2fa|zwei-?faktor|two-factor|otp|totp|sms|one[ -]time|einmal|verification|verifizierungs|bestätigungs|authenticator|authentication|authentifizierungs|sicherheits|security|confirmation|login|sign-?in)` +
			`[ -]?(?:pass)?(?:codes?|passcodes?|kode|pin)\b|\b(?:otp|mtan|tan)\b|\b(?:recovery|backup|wiederherstellungs|notfall|ersatz)[ -]?(?:codes?|keys?|schlüssel)\b|` +
			`\bcodes? (?:de )?(?:secours|récupération|vérification|validation|sécurité|mfa|2fa|otp|sms)\b|\bcl(?:é|e) de récupération\b|` +
			`\bcódigos? (?:de )?(?:recuperación|respaldo|verificación|seguridad|mfa|2fa|otp|sms)\b|\bclave de recuperación\b|` +
			`\bcodic[ei] (?:di )?(?:recupero|backup|verifica|sicurezza|emergenza|mfa|2fa|otp|sms)\b|\bchiave di (?:recupero|ripristino)\b`), fitsCode},
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
	"identifi acced acceso accesso accedo entro entrar credenz credenc credent zugang")

// evident finds what looks like nothing but a password, in a message about signing in: capital and small letters, a digit and,
// between them, a character that words do not have.
func evident(in input) (found []span) {
	if !slices.ContainsFunc(doors, func(s string) bool { return strings.Contains(in.lower, s) }) {
		return nil
	}
	for at := skip(in.text, 0, " \t\r\n"); at < len(in.text); {
		v := valueAt(in, at)
		at = skip(in.text, max(v.to, at+1), " \t\r\n")
		if v.quoted || len(v.text) < 8 || len(v.text) > 64 || strings.ContainsAny(v.text, `/\<>=:&`) || v.never() {
			continue
		}
		l := lookAt(v.text)
		if l.digit && l.inside && l.letter && strings.ToLower(v.text) != v.text && strings.ToUpper(v.text) != v.text {
			found = append(found, span{v.start, v.end, Password})
		}
	}
	return found
}

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
		v = h.valueAt(in, skip(in.text, v.to, " \t\r\n,;*_-•"))
		if !listed(v.text) {
			break
		}
		found = append(found, span{v.start, v.end, h.kind})
	}
	return found
}

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
	pairStems = strings.Fields("cred log daten ident user benutzer utilisateur usuario utente acceso accesso")
	// command is a program that is given a password.
	command = regexp.MustCompile(`(?:--?pass(?:word)?[= ]|sshpass -p ?|/user:\S{1,60} |/pass(?:word)?:|convertto-securestring (?:-string )?|curl [^\n]{0,200}?-u ?[^\s:]{1,60}:|mysql [^\n]{0,100}?-p)["']?([^\s"']{4,64})`)
	// assignment is a line of configuration.
	assignment = regexp.MustCompile(`((?:passwor[dt]|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|accesskey)[\w.-]{0,40}["']?[ \t]?(?:=|:=|=>|":)[ \t]?["']?)([^\s"';,&<>]{4,200})`)
)

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
	return append(found, commands(in)...)
}

func commands(in input) (found []span) {
	if strings.Contains(in.lower, "pass") || strings.Contains(in.text, "-p") || strings.Contains(in.text, "-u") || strings.Contains(in.lower, "/user:") || strings.Contains(in.lower, "securestring") {
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
