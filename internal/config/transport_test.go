package config_test

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/config"
)

// production returns all that production demands; overrides replace single variables.
func production(t *testing.T, overrides map[string]string) func(string) string {
	t.Helper()
	whole := map[string]string{
		"LOCAL_KMS_KEY_FILE": "", "KMS_KEY_ID": "alias/echo-synch", "TEMPORAL_TLS_SERVER_NAME": "temporal.example.com",
		"PROXY_CIDRS": "10.0.0.0/24, fd00::/64", "PROXY_HEADER": "X-Forwarded-For",
	}
	maps.Copy(whole, overrides)
	return environment(t, config.Production, whole)
}

func pem(t *testing.T, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, nil, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTransport(t *testing.T) {
	t.Parallel()
	c, err := config.Load(production(t, nil), all)
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::/64")}
	if err != nil || !slices.Equal(c.Transport.Proxies, want) || c.Transport.ProxyHeader != "X-Forwarded-For" {
		t.Errorf("behind a proxy: %+v, %v", c.Transport, err)
	}
	certificate, key := pem(t, 0o644), pem(t, 0o640)
	c, err = config.Load(production(t, map[string]string{
		"PROXY_CIDRS": "", "PROXY_HEADER": "", "TLS_CERT_FILE": certificate, "TLS_KEY_FILE": key,
	}), all)
	if err != nil || c.Transport.CertFile != certificate || c.Transport.KeyFile != key || c.Transport.Proxies != nil {
		t.Errorf("with a certificate: %+v, %v", c.Transport, err)
	}
}

func TestTransportRefuses(t *testing.T) {
	t.Parallel()
	certificate := pem(t, 0o644)
	for name, tt := range map[string]struct {
		vars map[string]string
		want string // the start of the one problem
	}{
		"neither":              {map[string]string{"PROXY_CIDRS": "", "PROXY_HEADER": ""}, "TLS_CERT_FILE: is not set, and neither is PROXY_CIDRS; "},
		"proxies, no header":   {map[string]string{"PROXY_HEADER": ""}, "PROXY_CIDRS: comes without PROXY_HEADER"},
		"header, no proxies":   {map[string]string{"PROXY_CIDRS": "", "TLS_CERT_FILE": certificate, "TLS_KEY_FILE": pem(t, 0o600)}, "PROXY_CIDRS: comes without PROXY_HEADER"},
		"no list":              {map[string]string{"PROXY_CIDRS": "10.0.0.1"}, "PROXY_CIDRS: is not a list of networks; "},
		"stray comma":          {map[string]string{"PROXY_CIDRS": "10.0.0.0/24,"}, "PROXY_CIDRS: is not a list of networks; "},
		"everybody":            {map[string]string{"PROXY_CIDRS": "0.0.0.0/0"}, "PROXY_CIDRS: holds a network that is too wide"},
		"everybody in IPv6":    {map[string]string{"PROXY_CIDRS": "::/0"}, "PROXY_CIDRS: holds a network that is too wide"},
		"IPv4 as IPv6":         {map[string]string{"PROXY_CIDRS": "::ffff:10.0.0.0/120"}, "PROXY_CIDRS: holds an IPv4 network in IPv6 notation; "},
		"no header's name":     {map[string]string{"PROXY_HEADER": "X Forwarded For"}, "PROXY_HEADER: is not the name of a header; "},
		"RFC 7239":             {map[string]string{"PROXY_HEADER": "Forwarded"}, "PROXY_HEADER: names a header that holds more than addresses; "},
		"certificate, no key":  {map[string]string{"TLS_CERT_FILE": certificate}, "TLS_CERT_FILE: comes without TLS_KEY_FILE"},
		"certificate missing":  {map[string]string{"TLS_CERT_FILE": "/nowhere", "TLS_KEY_FILE": pem(t, 0o600)}, "TLS_CERT_FILE: is not a readable file; "},
		"key missing":          {map[string]string{"TLS_CERT_FILE": certificate, "TLS_KEY_FILE": "/nowhere"}, "TLS_KEY_FILE: is not a readable file; "},
		"key for everybody":    {map[string]string{"TLS_CERT_FILE": certificate, "TLS_KEY_FILE": pem(t, 0o644)}, "TLS_KEY_FILE: can be read by everybody; "},
		"public URL in clear":  {map[string]string{"PUBLIC_URL": "http://help.example.com"}, "PUBLIC_URL: is not https; "},
		"Temporal in clear":    {map[string]string{"TEMPORAL_TLS_SERVER_NAME": ""}, "TEMPORAL_TLS_SERVER_NAME: is not set, "},
		"database unverified":  {map[string]string{"DATABASE_URL": "postgres://db/x?sslmode=verify-ca"}, "DATABASE_URL: does not verify the server; "},
		"database by a socket": {map[string]string{"DATABASE_URL": "postgres://db/x?sslmode=verify-full&host=/run"}, "DATABASE_URL: does not verify the server; "},
		"keys unverified":      {map[string]string{"KEYSTORE_URL": "postgres://db/x?sslmode=prefer&sslmode=verify-full"}, "KEYSTORE_URL: does not verify the server; "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(production(t, tt.vars), all)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error = %v, want only %q", err, tt.want)
			}
		})
	}
}

// Each command that opens a connection demands that it be encrypted.
func TestProductionDemandsTLSOfEveryCommand(t *testing.T) {
	t.Parallel()
	clear := production(t, map[string]string{
		"DATABASE_URL": "postgres://db/x", "KEYSTORE_URL": "postgres://keys/x", "DATABASE_ADMIN_URL": "postgres://db/x",
		"KEYSTORE_ADMIN_URL": "postgres://keys/x", "TEMPORAL_TLS_SERVER_NAME": "", "PUBLIC_URL": "http://x", "PROXY_CIDRS": "", "PROXY_HEADER": "",
	})
	for name, tt := range map[string]struct {
		need config.Need
		want []string
	}{
		"api":       {config.API, []string{"PUBLIC_URL", "DATABASE_URL", "KEYSTORE_URL", "TEMPORAL_TLS_SERVER_NAME", "TLS_CERT_FILE"}},
		"worker":    {config.Worker, []string{"PUBLIC_URL", "DATABASE_URL", "KEYSTORE_URL", "TEMPORAL_TLS_SERVER_NAME"}},
		"operator":  {config.Operator, []string{"DATABASE_URL", "KEYSTORE_URL", "TEMPORAL_TLS_SERVER_NAME"}},
		"reconcile": {config.Reconcile, []string{"DATABASE_URL", "KEYSTORE_URL", "TEMPORAL_TLS_SERVER_NAME"}},
		"drill":     {config.Drill, []string{"DATABASE_URL", "KEYSTORE_URL"}},
		"migrate":   {config.Migrate, []string{"DATABASE_ADMIN_URL", "KEYSTORE_ADMIN_URL"}},
	} {
		_, err := config.Load(clear, tt.need)
		for _, variable := range tt.want {
			if err == nil || !strings.Contains(err.Error(), variable+": ") {
				t.Errorf("%s: says nothing about %s: %v", name, variable, err)
			}
		}
	}
}

// What the rules let pass is what the driver verifies: every host by TLS, certificate and name, without a way around it.
func TestTheDriverVerifiesWhatProductionAccepts(t *testing.T) {
	t.Parallel()
	for address, accepted := range map[string]bool{
		"postgres://app@db/x?sslmode=verify-full":                  true,
		"postgres://app@db,other/x?sslmode=verify-full":            true,
		"postgres://app@db/x?sslmode=verify-full&sslmode=disable":  false,
		"postgres://app@db/x?sslmode=disable&sslmode=verify-full":  false,
		"postgres://app@db/x?sslmode=verify-full&host=%2Frun":      false,
		"postgres://app@%2Frun%2Fpostgresql/x?sslmode=verify-full": false,
	} {
		_, err := config.Load(production(t, map[string]string{"DATABASE_URL": address}), all)
		if (err == nil) != accepted {
			t.Errorf("%s: %v, want accepted = %v", address, err, accepted)
		}
		if err != nil {
			continue
		}
		c, err := pgx.ParseConfig(address)
		if err != nil {
			t.Fatal(err)
		}
		hosts := []pgxHost{{c.Host, c.TLSConfig != nil && !c.TLSConfig.InsecureSkipVerify && c.TLSConfig.ServerName == c.Host}}
		for _, f := range c.Fallbacks {
			hosts = append(hosts, pgxHost{f.Host, f.TLSConfig != nil && !f.TLSConfig.InsecureSkipVerify && f.TLSConfig.ServerName == f.Host})
		}
		for _, h := range hosts {
			if !h.verified {
				t.Errorf("%s is accepted, but the driver does not verify host %q", address, h.name)
			}
		}
	}
}

type pgxHost struct {
	name     string
	verified bool
}
