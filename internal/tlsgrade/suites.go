package tlsgrade

import (
	"crypto/tls"
	"strings"
)

// Protocol versions that crypto/tls has no name for, or an old one.
const (
	versionSSL2 uint16 = 0x0002
	versionSSL3 uint16 = 0x0300
)

// versions are what is probed, oldest first, with the guide's score for each.
var versions = []struct {
	id    uint16
	name  string
	score int
}{
	{versionSSL2, "SSL 2", 0},
	{versionSSL3, "SSL 3", 80},
	{tls.VersionTLS10, "TLS 1.0", 90},
	{tls.VersionTLS11, "TLS 1.1", 95},
	{tls.VersionTLS12, "TLS 1.2", 100},
	{tls.VersionTLS13, "TLS 1.3", 100},
}

// suite is a cipher suite by its registered name, which says everything about it.
type suite struct {
	id   uint16
	name string
}

func (s suite) has(words ...string) bool {
	for _, w := range words {
		if strings.Contains(s.name, w) {
			return true
		}
	}
	return false
}

func (s suite) modern() bool    { return s.id>>8 == 0x13 } // of TLS 1.3, which always has forward secrecy
func (s suite) forward() bool   { return s.modern() || s.has("_DHE_", "_ECDHE_") }
func (s suite) anonymous() bool { return s.has("_anon_") }
func (s suite) export() bool    { return s.has("_EXPORT_") }
func (s suite) aead() bool      { return s.has("_GCM_", "_CCM", "_POLY1305_") }
func (s suite) rc4() bool       { return s.has("_RC4_") }
func (s suite) block64() bool   { return s.has("DES_", "_IDEA_", "_RC2_") }

// bits is the strength of the cipher.
func (s suite) bits() int {
	switch {
	case s.has("_NULL_"):
		return 0
	case s.export():
		return 40
	case s.has("_3DES_"):
		return 168
	case s.has("_DES_"):
		return 56
	case s.has("_256_", "_CHACHA20_"):
		return 256
	default:
		return 128
	}
}

// suites are those of the registry that servers were seen to accept.
// Source: iana.org/assignments/tls-parameters.
var suites = []suite{
	{0x1301, "TLS_AES_128_GCM_SHA256"}, {0x1302, "TLS_AES_256_GCM_SHA384"}, {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
	{0x1304, "TLS_AES_128_CCM_SHA256"}, {0x1305, "TLS_AES_128_CCM_8_SHA256"},

	{0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}, {0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
	{0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}, {0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
	{0xC0AD, "TLS_ECDHE_ECDSA_WITH_AES_256_CCM"}, {0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
	{0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"}, {0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
	{0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"}, {0xC008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"},
	{0xC007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"}, {0xC006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"},
	{0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}, {0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
	{0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}, {0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
	{0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"}, {0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
	{0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"}, {0xC012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
	{0xC011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"}, {0xC010, "TLS_ECDHE_RSA_WITH_NULL_SHA"},

	{0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"}, {0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
	{0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}, {0xC09F, "TLS_DHE_RSA_WITH_AES_256_CCM"},
	{0xC09E, "TLS_DHE_RSA_WITH_AES_128_CCM"}, {0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
	{0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"}, {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
	{0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"}, {0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"},
	{0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"}, {0x009A, "TLS_DHE_RSA_WITH_SEED_CBC_SHA"},
	{0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"}, {0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"},
	{0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"},

	{0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384"}, {0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
	{0xC09D, "TLS_RSA_WITH_AES_256_CCM"}, {0xC09C, "TLS_RSA_WITH_AES_128_CCM"},
	{0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"}, {0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
	{0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"}, {0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"},
	{0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"}, {0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"},
	{0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"}, {0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"}, {0x0009, "TLS_RSA_WITH_DES_CBC_SHA"},
	{0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA"}, {0x0005, "TLS_RSA_WITH_RC4_128_SHA"}, {0x0004, "TLS_RSA_WITH_RC4_128_MD5"},
	{0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"}, {0x0006, "TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5"},
	{0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"}, {0x003B, "TLS_RSA_WITH_NULL_SHA256"}, {0x0002, "TLS_RSA_WITH_NULL_SHA"},
	{0x0001, "TLS_RSA_WITH_NULL_MD5"},

	{0x00A7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"}, {0x00A6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"},
	{0x006D, "TLS_DH_anon_WITH_AES_256_CBC_SHA256"}, {0x006C, "TLS_DH_anon_WITH_AES_128_CBC_SHA256"},
	{0x003A, "TLS_DH_anon_WITH_AES_256_CBC_SHA"}, {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"},
	{0x001B, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"}, {0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"},
	{0x0017, "TLS_DH_anon_EXPORT_WITH_RC4_40_MD5"}, {0xC019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"},
	{0xC018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"}, {0xC015, "TLS_ECDH_anon_WITH_NULL_SHA"},
}

// fallback is not a suite: a client that tries an older version than it could says so with it (RFC 7507).
const fallback uint16 = 0x5600

// group is a group for key exchange, with the length of an RSA key that is as strong (NIST SP 800-57).
type group struct {
	id   uint16
	name string
	rsa  int
}

var groups = []group{
	{0x0013, "P-192", 1024}, {0x0015, "P-224", 2048}, {0x0017, "P-256", 3072}, {0x0018, "P-384", 7680}, {0x0019, "P-521", 15360},
	{0x001D, "X25519", 3072}, {0x001E, "X448", 7680}, {0x11EC, "X25519MLKEM768", 3072},
}
