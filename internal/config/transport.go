package config

import (
	"net/netip"
	"slices"
	"strings"
)

// Transport says how browsers and Slack reach the api: by TLS of its own, through a proxy that ends TLS, or by both.
type Transport struct {
	// CertFile and KeyFile are the paths of the certificate, with the chain below it, and of its key, PEM; both or none.
	CertFile, KeyFile string
	// Proxies are the addresses of the proxies in front, which alone are believed about whom they speak for.
	Proxies []netip.Prefix
	// ProxyHeader is the header in which they say it.
	ProxyHeader string
}

// transportVariables are the settings of [Transport].
func transportVariables() []Variable {
	return []Variable{
		{Name: "TLS_CERT_FILE", Purpose: "the path of the api's certificate with its chain, PEM; read again when it changes",
			ReadBy: API, set: text(func(c *Config) *string { return &c.Transport.CertFile })},
		{Name: "TLS_KEY_FILE", Purpose: "the path of the certificate's key, PEM",
			ReadBy: API, set: text(func(c *Config) *string { return &c.Transport.KeyFile })},
		{Name: "PROXY_CIDRS", Purpose: "the networks of the proxies in front of the api, such as 10.0.0.0/24, separated by commas",
			ReadBy: API, set: setProxies},
		{Name: "PROXY_HEADER", Purpose: "the header in which those proxies name the client, such as X-Forwarded-For",
			ReadBy: API, set: setProxyHeader},
	}
}

// transportRules are the conditions on [Transport].
func transportRules() []rule {
	return []rule{
		{Problem{"TLS_CERT_FILE", "comes without TLS_KEY_FILE, or the other way round", "set both or none"}, API,
			func(c Config) bool { return (c.Transport.CertFile == "") != (c.Transport.KeyFile == "") }},
		{Problem{"TLS_CERT_FILE", "is not a readable file", "create it or correct the path"}, API,
			func(c Config) bool { return c.Transport.CertFile != "" && !isFile(c.Transport.CertFile) }},
		{Problem{"TLS_KEY_FILE", "is not a readable file", "create it or correct the path"}, API,
			func(c Config) bool { return c.Transport.KeyFile != "" && !isFile(c.Transport.KeyFile) }},
		{Problem{"TLS_KEY_FILE", "can be read by everybody", "chmod 0600 or 0640 the file"}, API,
			func(c Config) bool { return c.notDev() && isFile(c.Transport.KeyFile) && isPublic(c.Transport.KeyFile) }},
		{Problem{"PROXY_CIDRS", "comes without PROXY_HEADER, or the other way round", "set both or none"}, API,
			func(c Config) bool { return (c.Transport.Proxies == nil) != (c.Transport.ProxyHeader == "") }},
		{Problem{"TLS_CERT_FILE", "is not set, and neither is PROXY_CIDRS", "set one: production serves TLS itself or behind a proxy that does"}, API,
			func(c Config) bool {
				return c.Env == Production && c.Transport.CertFile == "" && c.Transport.Proxies == nil
			}},
	}
}

// widest are the shortest prefixes that may still be one's own network: a longer list would believe strangers.
const widestV4, widestV6 = 8, 16

func setProxies(c *Config, s string) Problem {
	c.Transport.Proxies = []netip.Prefix{} // set, if wrongly: one complaint is enough
	for part := range strings.SplitSeq(s, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
		switch {
		case err != nil:
			return Problem{What: "is not a list of networks", Remedy: "write it like 10.0.0.0/24,fd00::/64; one address is 10.0.0.7/32"}
		case prefix.Addr().Is4In6():
			return Problem{What: "holds an IPv4 network in IPv6 notation", Remedy: "write it like 10.0.0.0/24"}
		case prefix.Addr().Is4() && prefix.Bits() < widestV4, prefix.Addr().Is6() && prefix.Bits() < widestV6:
			return Problem{What: "holds a network that is too wide to be yours", Remedy: "name the proxies only: what they say about clients is believed"}
		}
		c.Transport.Proxies = append(c.Transport.Proxies, prefix.Masked())
	}
	return Problem{}
}

func setProxyHeader(c *Config, s string) Problem {
	c.Transport.ProxyHeader = s
	if strings.ContainsFunc(s, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') }) {
		return Problem{What: "is not the name of a header", Remedy: "write it like X-Forwarded-For"}
	}
	if slices.Contains([]string{"forwarded", "via"}, strings.ToLower(s)) {
		return Problem{What: "names a header that holds more than addresses", Remedy: "let the proxy send X-Forwarded-For or a header of its own"}
	}
	return Problem{}
}
