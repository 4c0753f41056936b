package archtest_test

import (
	"slices"
	"strings"
)

// row says what a package may import of ours. A path that ends in "/..." covers everything below it, too.
type row struct {
	pkg          string
	imports      []string
	standardOnly bool
}

// table is the import table of the architecture. Change it on purpose or not at all.
func table() []row {
	var (
		leaves    = []string{"internal/secret", "internal/sla", "internal/redact", "internal/suspicion", "internal/location", "internal/observe", "internal/failpoint", "migrations"}
		adapters  = []string{"internal/lexical", "internal/similar", "internal/knowledge", "internal/gemini", "internal/provider", "internal/slackapi", "internal/billing", "internal/mail", "internal/blockkit", "internal/certificate"}
		stores    = []string{"internal/seal", "internal/keystore", "internal/postgres"}
		nouns     = slices.Concat(leaves, []string{"internal/helpdesk"}, adapters, stores)
		workflows = []string{"workflows", "workflows/names", "activities"}
		product   = slices.Concat(nouns, workflows, []string{"internal/evaluation", "internal/taxonomy", "internal/config", "internal/intake", "internal/purge", "internal/person", "internal/archive", "internal/sweeper", "internal/restore", "internal/scratch", "api/..."})
	)
	return []row{
		{pkg: "internal/secret"},
		{pkg: "internal/sla", standardOnly: true},
		{pkg: "internal/redact"},
		{pkg: "internal/suspicion", standardOnly: true},
		{pkg: "internal/location", standardOnly: true},
		{pkg: "internal/observe"},
		{pkg: "internal/failpoint", standardOnly: true},
		{pkg: "migrations"},
		{pkg: "internal/slacksim/..."},
		{pkg: "internal/geminisim/..."},
		{pkg: "internal/kmssim"},
		{pkg: "internal/tlsgrade", standardOnly: true},
		{pkg: "internal/tlstest", standardOnly: true},
		{pkg: "internal/ssmsim"},
		{pkg: "internal/sentrysim"},
		{pkg: "internal/dynamosim"},
		{pkg: "internal/config", imports: []string{"internal/location", "internal/secret"}},
		{pkg: "internal/seal", imports: []string{"internal/secret"}},
		{pkg: "internal/helpdesk", imports: []string{"internal/sla"}, standardOnly: true},
		{pkg: "internal/lexical", imports: []string{"internal/helpdesk"}},
		{pkg: "internal/taxonomy", imports: []string{"internal/helpdesk"}},
		{pkg: "internal/similar", imports: []string{"internal/lexical"}},
		{pkg: "internal/knowledge", imports: []string{"internal/helpdesk", "internal/lexical"}},
		{pkg: "internal/evaluation", imports: []string{"internal/helpdesk", "internal/taxonomy"}},
		{pkg: "internal/gemini", imports: []string{"internal/helpdesk", "internal/location", "internal/redact", "internal/secret"}},
		{pkg: "internal/provider", imports: []string{"internal/gemini", "internal/helpdesk", "internal/redact", "internal/secret"}},
		{pkg: "internal/slackapi", imports: []string{"internal/helpdesk", "internal/secret"}},
		{pkg: "internal/billing", imports: []string{"internal/helpdesk", "internal/secret"}},
		{pkg: "internal/mail", imports: []string{"internal/helpdesk", "internal/secret"}},
		{pkg: "internal/blockkit", imports: []string{"internal/helpdesk", "internal/sla"}},
		{pkg: "internal/certificate", imports: []string{"internal/helpdesk"}},
		{pkg: "internal/keystore", imports: []string{"internal/helpdesk", "internal/seal", "internal/secret", "migrations"}},
		{pkg: "internal/postgres", imports: []string{"internal/helpdesk", "internal/sla", "internal/seal", "internal/secret", "migrations"}},
		{pkg: "internal/postgres/postgrestest", imports: slices.Concat(stores, []string{"internal/secret", "migrations"})},
		{pkg: "workflows/names", imports: []string{"internal/helpdesk"}},
		{pkg: "activities", imports: slices.Concat(nouns, []string{"workflows/names", "internal/purge", "internal/person"})},
		{pkg: "workflows", imports: []string{"workflows/names", "activities", "internal/helpdesk"}},
		{pkg: "internal/intake", imports: []string{
			"workflows/names", "internal/helpdesk", "internal/postgres", "internal/keystore", "internal/seal", "internal/observe",
			"internal/failpoint",
		}},
		{pkg: "internal/purge", imports: []string{
			"workflows/names", "internal/helpdesk", "internal/postgres", "internal/keystore", "internal/certificate", "internal/failpoint",
		}},
		{pkg: "internal/person", imports: []string{
			"workflows/names", "internal/helpdesk", "internal/postgres", "internal/keystore", "internal/certificate",
		}},
		{pkg: "internal/archive", imports: []string{"internal/helpdesk", "internal/sla", "internal/postgres", "internal/keystore"}},
		{pkg: "internal/sweeper", imports: []string{
			"internal/helpdesk", "internal/postgres", "internal/keystore", "internal/certificate", "internal/observe", "internal/purge",
		}},
		{pkg: "internal/restore", imports: []string{ // workflows: for the state that a request goes on with
			"workflows", "workflows/names", "internal/helpdesk", "internal/postgres", "internal/keystore", "internal/seal", "internal/purge",
			"internal/certificate", "internal/scratch", "internal/secret", "migrations",
		}},
		{pkg: "internal/scratch", imports: []string{"internal/secret"}},
		{pkg: "api/...", imports: []string{
			"api/...", "workflows/names", "internal/intake", "internal/helpdesk", "internal/sla", "internal/seal", "internal/secret", "internal/observe",
			"internal/postgres", "internal/keystore", "internal/slackapi", "internal/blockkit", "internal/billing", "internal/certificate", "internal/archive",
		}},
		{pkg: "internal/app", imports: product},
		{pkg: "cmd/echosynch", imports: slices.Concat(product, []string{"internal/app"})},
		// A module of its own: it starts the product beside its simulators.
		{pkg: "cmd/dev/...", imports: slices.Concat(product, []string{
			"internal/slacksim/...", "internal/geminisim/...", "internal/postgres/postgrestest", "cmd/dev/...",
		})},
	}
}

// rowOf finds the row for the package in dir.
func rowOf(dir string) (row, bool) {
	for _, r := range table() {
		if covers(r.pkg, dir) {
			return r, true
		}
	}
	return row{}, false
}

func (r row) allows(dir string) bool {
	return slices.ContainsFunc(r.imports, func(pattern string) bool { return covers(pattern, dir) })
}

func covers(pattern, dir string) bool {
	tree, ok := strings.CutSuffix(pattern, "/...")
	return dir == pattern || ok && (dir == tree || strings.HasPrefix(dir, tree+"/"))
}
