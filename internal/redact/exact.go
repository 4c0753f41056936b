package redact

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// What has a shape of its own, whatever stands around it.

// privateKeys finds keys in PEM and in PuTTY's form, also where the end was cut off.
func privateKeys(in input) (found []span) {
	for from := 0; ; {
		i := strings.Index(in.lower[from:], "-----begin ")
		if i < 0 {
			break
		}
		start := from + i
		from = start + len("-----begin ")
		head := in.lower[from:min(from+60, len(in.lower))]
		if j := strings.Index(head, "private key"); j < 0 || strings.Contains(head[:j], "-----") {
			continue
		}
		end := len(in.text)
		if j := strings.Index(in.lower[from:], "-----end "); j >= 0 {
			end = min(from+j+len("-----end "), len(in.text))
			if k := strings.IndexByte(in.text[end:], '\n'); k >= 0 {
				end += k
			} else {
				end = len(in.text)
			}
			if k := strings.Index(in.lower[from+j:end], "key-----"); k >= 0 {
				end = from + j + k + len("key-----")
			}
		}
		found = append(found, span{start, end, PrivateKey})
		from = end
	}
	if i := strings.Index(in.lower, "private-lines:"); i >= 0 {
		found = append(found, span{i, len(in.text), PrivateKey})
	}
	return found
}

// parameters are those of an address that open a door.
var parameters = regexp.MustCompile(`[?&;](?:access_token|refresh_token|id_token|auth_token|token|api[_-]?key|apikey|key|sig|signature|` +
	`x-amz-signature|x-amz-security-token|password|passwd|pwd|secret|client_secret|otp)=([^&\s<>|"']{6,})`)

// oracle is an address of a database in Oracle's own form, with user and password.
var oracle = regexp.MustCompile(`jdbc:oracle:\w+:([^\s/@]{1,60}/[^\s@]{1,60})@`)

// urls finds user and password of an address, and tokens among its parameters. What the address leads to stays.
func urls(in input) (found []span) {
	for from := 0; ; {
		i := strings.Index(in.text[from:], "://")
		if i < 0 {
			break
		}
		start := from + i + len("://")
		from = start
		end := start
		for end < len(in.text) && end-start < 512 && !strings.ContainsRune(" \t\n\r/<>|\"'`", rune(in.text[end])) {
			end++
		}
		at := strings.LastIndexByte(in.text[start:end], '@')
		if colon := strings.IndexByte(in.text[start:end], ':'); colon >= 0 && colon < at-1 {
			found = append(found, span{start, start + at, ConnectionString})
		}
	}
	if strings.Contains(in.lower, "jdbc:") {
		for _, m := range oracle.FindAllStringSubmatchIndex(in.lower, -1) {
			found = append(found, span{m[2], m[3], ConnectionString})
		}
	}
	if strings.ContainsAny(in.text, "?&;") && strings.Contains(in.text, "=") {
		for _, m := range parameters.FindAllStringSubmatchIndex(in.lower, -1) {
			found = append(found, span{m[2], m[3], Token})
		}
	}
	return found
}

// printed are keys that Windows, Apple and Microsoft print in groups, with how many hyphens or spaces they have at least.
var printed = []struct {
	kind    Kind
	apart   string
	times   int
	pattern *regexp.Regexp
}{
	{RecoveryCode, "-", 7, regexp.MustCompile(`\b\d{6}(?:-\d{6}){7}\b`)},             // BitLocker
	{RecoveryCode, " ", 7, regexp.MustCompile(`\b\d{6}(?: \d{6}){7}\b`)},             // the same, read out
	{RecoveryCode, "-", 5, regexp.MustCompile(`\b[A-Z0-9]{4}(?:-[A-Z0-9]{4}){5}\b`)}, // FileVault, Apple
	{Token, "-", 4, regexp.MustCompile(`\b[A-Z0-9]{5}(?:-[A-Z0-9]{5}){4}\b`)},        // a product key
}

func printedKeys(in input) (found []span) {
	for _, p := range printed {
		if strings.Count(in.text, p.apart) < p.times {
			continue
		}
		for _, m := range p.pattern.FindAllStringIndex(in.text, -1) {
			if strings.ContainsAny(in.text[m[0]:m[1]], "0123456789") {
				found = append(found, span{m[0], m[1], p.kind})
			}
		}
	}
	return found
}

// prefixed is a token with what it is in front, as vendors make them; some of it looks random.
var prefixed = regexp.MustCompile(`\b[a-z]{2,8}[_-](?:[a-z0-9]{2,8}[_-]){0,2}[A-Za-z0-9_-]{20,}`)

func prefixedTokens(in input) (found []span) {
	if !strings.ContainsAny(in.text, "_-") {
		return nil
	}
	for _, m := range prefixed.FindAllStringIndex(in.text, -1) {
		s := in.text[m[0]:m[1]]
		if strings.ContainsAny(s, "0123456789") && mixedCase(s) && entropy(s) > 4 {
			found = append(found, span{m[0], m[1], Token})
		}
	}
	return found
}

// header is one of HTTP that authorises.
var header = regexp.MustCompile(`auth\w*["']?: *["']?(?:bearer|basic) +(\S{8,})`)

func headers(in input) (found []span) {
	if !strings.Contains(in.lower, "bearer ") && !strings.Contains(in.lower, "basic ") {
		return nil
	}
	for _, m := range header.FindAllStringSubmatchIndex(in.lower, -1) {
		found = append(found, span{m[2], m[3], Token})
	}
	return found
}

// notDomains end what looks like an e-mail address and is the name of a file.
var notDomains = strings.Fields("png jpg jpeg gif svg webp ico css js")

// eMails finds addresses. Those of a version control system are no person's.
func eMails(in input) (found []span) {
	for from := 0; ; {
		i := strings.IndexByte(in.text[from:], '@')
		if i < 0 {
			return found
		}
		at := from + i
		from = at + 1
		start, end := at, at+1
		for start > 0 && at-start < 64 && (isWord(in.text[start-1]) || strings.IndexByte(".%+'-&", in.text[start-1]) >= 0) {
			start--
		}
		for end < len(in.text) && end-at < 255 && (isWord(in.text[end]) && in.text[end] != '_' || in.text[end] == '-' || in.text[end] == '.') {
			end++
		}
		start += len(in.text[start:at]) - len(strings.TrimLeft(in.text[start:at], ".'-&"))
		end -= len(in.text[at:end]) - len(strings.TrimRight(in.text[at:end], ".-"))
		local, domain := in.lower[start:at], in.lower[at+1:max(end, at+1)]
		dot := strings.LastIndexByte(domain, '.')
		if local == "" || local == "git" || dot < 1 || len(domain)-dot < 3 || strings.ContainsAny(domain[dot+1:], "0123456789") ||
			slices.Contains(notDomains, domain[dot+1:]) {
			continue
		}
		found = append(found, span{start, end, EMail})
	}
}

var (
	addressLike = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}`)
	hostLike    = regexp.MustCompile(`\\\\[a-z0-9][a-z0-9-]*|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*\.[a-z]{2,}\b|` +
		`\b(?:srv|server|pc|lap|laptop|nb|dc|ws|vm|db|web|app|node|host|print|nas|esx|sql|fw|sw|rtr)[a-z]*-?[a-z]*-?\d+\b|\b[a-z]{2,}(?:-[a-z0-9]+)*-\d{2,}\b`)
	notHosts = strings.Fields("docx xlsx pptx pdf txt log zip exe msi dll png jpg csv json yaml yml conf ini ps1 bat sh js html")
)

// addresses finds IPv4 and IPv6 addresses.
func addresses(in input) (found []span) {
	for _, m := range addressLike.FindAllStringIndex(in.lower, -1) {
		if _, err := netip.ParseAddr(in.lower[m[0]:m[1]]); err == nil && m[1]-m[0] > 2 {
			found = append(found, span{m[0], m[1], IPAddress})
		}
	}
	return found
}

// hosts finds names with a domain, and names as machines have them.
func hosts(in input) (found []span) {
	for _, m := range hostLike.FindAllStringIndex(in.lower, -1) {
		name := in.lower[m[0]:m[1]]
		if !placed(in.text[m[0]:m[1]]) && !slices.Contains(notHosts, name[strings.LastIndexByte(name, '.')+1:]) {
			found = append(found, span{m[0], m[1], HostName})
		}
	}
	return found
}
