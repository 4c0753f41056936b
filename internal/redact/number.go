package redact

import (
	"slices"
	"strconv"
	"strings"
)

// cards finds numbers of payment cards: 13 to 19 digits, alone or in groups, of an issuer that there is, with Luhn's check
// digit. An IMEI has that digit, too, and no issuer.
func cards(in input) (found []span) {
	for i := 0; i < len(in.text); i++ {
		if !isDigit(in.text[i]) || i > 0 && (isWord(in.text[i-1]) || strings.IndexByte("-.,/#+", in.text[i-1]) >= 0) {
			continue
		}
		end, digits := groups(in.text, i)
		if issued(digits) && luhn(digits) {
			found = append(found, span{i, end, Card})
			i = end
		}
	}
	return found
}

// groups reads digits in groups, from a place on, up to 19: whole groups, apart by a hyphen, a dot, or one or two spaces.
func groups(s string, i int) (end int, digits string) {
	var b []byte
	for j := i; j < len(s) && len(b) <= 19; j++ {
		switch {
		case isDigit(s[j]):
			b = append(b, s[j])
			if j+1 == len(s) || !isWord(s[j+1]) {
				if n := len(b); (n == 16 || n == 15 && b[0] == '3' || n > 16 || n == 13) && issued(string(b)) && luhn(string(b)) {
					return j + 1, string(b)
				}
			}
		case (s[j] == ' ' || s[j] == '-' || s[j] == '.') && j > i && (isDigit(s[j-1]) || s[j] == ' ' && s[j-1] == ' ' && isDigit(s[j-2])):
		default:
			return j, ""
		}
	}
	return len(s), ""
}

// issued reports whether a number begins and is as long as those of Visa, Mastercard, American Express, Discover, JCB, Diners
// or Maestro.
func issued(d string) bool {
	n := len(d)
	if n < 13 {
		return false
	}
	two, _ := strconv.Atoi(d[:2]) // digits only
	four, _ := strconv.Atoi(d[:4])
	switch {
	case d[0] == '4':
		return n == 13 || n == 16 || n == 19
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720, four >= 3528 && four <= 3589, four == 6011, two == 65:
		return n == 16
	case two == 34 || two == 37:
		return n == 15
	case two == 50 || two >= 56 && two <= 58 || two == 63 || two == 67:
		return n >= 16 && n <= 19
	}
	return false
}

func luhn(d string) bool {
	sum := 0
	for i := range len(d) {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// ibanLengths are those of the registry, by country.
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28,
	"CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18,
	"GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32,
	"LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24,
	"PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28,
	"TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}

// ibans finds account numbers of the right length with the right check digits, alone or in groups.
func ibans(in input) (found []span) {
	for i := 0; i+4 < len(in.text); i++ {
		if !isDigit(in.text[i+2]) || !isDigit(in.text[i+3]) || i > 0 && isWord(in.text[i-1]) {
			continue
		}
		length := ibanLengths[strings.ToUpper(in.text[i:i+2])]
		if length == 0 {
			continue
		}
		number, end := make([]byte, 0, length), i
		for ; end < len(in.text) && len(number) < length; end++ {
			switch c := in.text[end]; {
			case isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z':
				number = append(number, c)
			case c != ' ' && c != '-':
				end = len(in.text)
			}
		}
		if len(number) == length && (end == len(in.text) || !isWord(in.text[end])) && mod97(strings.ToUpper(string(number))) == 1 {
			found = append(found, span{i, end, IBAN})
			i = end
		}
	}
	return found
}

// mod97 is the remainder of ISO 7064, with the first four characters at the end.
func mod97(iban string) int {
	rest := 0
	for _, c := range []byte(iban[4:] + iban[:4]) {
		if isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'A') + 10) % 97
		}
	}
	return rest
}

// phones finds telephone numbers: international ones, national ones in their usual groups, and any after a word that says
// so. A help desk is full of other numbers, so digits alone are none.
func phones(in input) (found []span) {
	for i := 0; i < len(in.text); {
		c := in.text[i]
		if !isDigit(c) && c != '+' && c != '(' || i > 0 && (isWord(in.text[i-1]) || strings.IndexByte("-./\\#+", in.text[i-1]) >= 0) {
			i++
			continue
		}
		end := runEnd(in.text, i)
		if end < len(in.text) && isWord(in.text[end]) || !isPhone(in.text[i:end], in.lower[max(0, i-40):i]) {
			i = max(end, i+1)
			continue
		}
		found = append(found, span{i, end, Phone})
		i = end
	}
	return found
}

// runEnd is where a run of digits and what stands between the groups of a telephone number ends.
func runEnd(s string, i int) int {
	end := i
	for j := i; j < len(s) && j-i < 40; j++ {
		switch {
		case isDigit(s[j]):
			end = j + 1
		case s[j] == '+' && j > i:
			return end
		case strings.IndexByte("+ ()-./", s[j]) < 0 || j-end > 2:
			return end
		}
	}
	return end
}

func isPhone(run, before string) bool {
	parts := strings.FieldsFunc(run, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) == 0 {
		return false
	}
	digits := strings.Join(parts, "")
	n, said := len(digits), sortOf(before)
	lengths := make([]int, len(parts))
	for i, p := range parts {
		lengths[i] = len(p)
	}
	dashes := len(parts) > 1 && !strings.Contains(run, " ")
	switch {
	case run[0] == '+':
		return n >= 8 && n <= 15 && digits[0] != '0'
	case said == another:
		return false
	case said == aPhone:
		return n >= 7 && n <= 15 && !isDate(parts)
	case strings.HasPrefix(digits, "00"):
		return n >= 11 && n <= 16 && digits[2] != '0' && len(parts) > 1 && len(parts[0]) >= 4 && !allPairs(lengths)
	case run[0] == '(':
		return n >= 9 && n <= 12 && len(parts) > 1 && strings.Contains(run, ")") && len(parts[0]) >= 2
	case slices.Equal(lengths, []int{3, 3, 4}) && digits[0] >= '2' && digits[3] >= '2':
		return dashes && !strings.Contains(run, "/")
	case slices.Equal(lengths, []int{1, 3, 3, 4}) && digits[0] == '1' && digits[1] >= '2':
		return dashes
	case digits[0] == '3' && (slices.Equal(lengths, []int{3, 7}) || slices.Equal(lengths, []int{3, 3, 4})):
		return true // an Italian mobile
	case digits[0] == '0' && len(parts) > 1:
		return n >= 9 && n <= 13 && digits[1] != '0' && len(parts[0]) >= 2 && len(parts[0]) <= 6 && !isDate(parts) &&
			(!allPairs(lengths) || len(parts) == 5) && len(parts) <= 5
	}
	return n >= 11 && n <= 12 && len(parts) == 1 && (strings.HasPrefix(digits, "015") || strings.HasPrefix(digits, "016") || strings.HasPrefix(digits, "017"))
}

// allPairs: an address of a network card, unless there are five.
func allPairs(lengths []int) bool {
	return !slices.ContainsFunc(lengths, func(n int) bool { return n != 2 })
}

// isDate reports whether groups begin as 27 11 2026 or 2026 11 27 do.
func isDate(parts []string) bool {
	if len(parts) < 3 {
		return false
	}
	a, b, c := parts[0], parts[1], parts[2]
	if len(a) == 4 {
		a, c = c, a
	}
	day, _ := strconv.Atoi(a) // digits only, and too many are no day
	month, _ := strconv.Atoi(b)
	return len(a) <= 2 && len(b) <= 2 && len(c) == 4 && day >= 1 && day <= 31 && month >= 1 && month <= 31
}

// phoneWords say that a telephone number follows; otherNumbers are how words begin that say that another one does.
var (
	phoneWords = strings.Fields("phone tel telefon telefono téléphone telephone teléfono mobile mobil handy móvil movil cell cellulare portable fax " +
		"whatsapp durchwahl rückruf rückrufnummer erreichbar anrufen numéro call ring callback reach joignable rappeler rappelez appelez appeler llamar llámame " +
		"llámeme llamadme llamad chiamare chiamate chiamatemi chiamami interno extension ext rufnummer handynummer telefonnummer mobilnummer celular")
	otherNumbers = strings.Fields("imei imsi iccid serial serien série serie model modell modèle modelo modello ticket order bestell commande pedido ordine asset " +
		"inventa article artikel artículo articolo sku case incident incid id kb error fehler erreur código codice event invoice rechnung factura facture fattura " +
		"kunden client auftrag version build port room raum teamviewer anydesk kosten coste siret meeting réunion reunión riunione")
)

// sort of a number, by the word before it.
type sort int

const (
	unsaid sort = iota
	aPhone
	another
)

// sortOf looks for the nearest word that tells in what stands before a number.
func sortOf(before string) sort {
	tokens := strings.FieldsFunc(before, func(r rune) bool { return (r < 'a' || r > 'z') && r < 0x80 })
	for i := len(tokens) - 1; i >= 0 && i >= len(tokens)-6; i-- {
		switch {
		case slices.Contains(phoneWords, tokens[i]):
			return aPhone
		case slices.ContainsFunc(otherNumbers, func(w string) bool { return strings.HasPrefix(tokens[i], w) }):
			return another
		}
	}
	return unsaid
}
