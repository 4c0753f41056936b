package similar

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed concepts.txt
var conceptsFile string

// concept is what a word may mean.
type concept struct{ kind, name string }

// negations deny what is said with them.
var negations = set("not no cannot cant wont dont doesnt isnt nobody none unable without " +
	"nicht kein keine keinen nichts niemand nix ned unmoglich ohne " +
	"pas ne plus rien personne impossible sans nadie nada imposible sin non nessuno niente impossibile senza") //nolint:misspell // Italian

// lacks says that what follows is not there; since, that a time follows; units, that a time went before.
var (
	lacks = set("no kein keine keinen plus sin sans senza ohne without pas")
	since = set("since at seit um gegen depuis vers desde las dalle alle from ab before")
	units = set("am pm uhr h heures horas ore min minutes minuten minutos minuti hours stunden hrs mins december november")
)

func set(words string) map[string]bool {
	s := make(map[string]bool)
	for w := range strings.FieldsSeq(words) {
		s[w] = true
	}
	return s
}

// dictionary is what the file says: whole words, and beginnings of words by their length.
type dictionary struct {
	words, beginnings map[string][]concept
}

var concepts = sync.OnceValue(func() dictionary {
	d := dictionary{words: make(map[string][]concept), beginnings: make(map[string][]concept)}
	for line := range strings.Lines(conceptsFile) {
		said := strings.Fields(line)
		if len(said) < 2 || said[0] == "#" {
			continue
		}
		c, words := concept{said[0], said[1]}, said[2:]
		if c.kind == "filler" {
			c.name, words = "", said[1:]
		}
		for _, w := range words {
			if begin, ok := strings.CutSuffix(w, "*"); ok {
				d.beginnings[begin] = append(d.beginnings[begin], c)
			} else {
				d.words[w] = append(d.words[w], c)
			}
		}
	}
	return d
})

// meaning is what a word may mean, by the whole word or else by the longest beginning that is known.
func meaning(plain string) []concept {
	d := concepts()
	if found := d.words[plain]; found != nil {
		return found
	}
	for n := len(plain); n >= 3; n-- {
		if found := d.beginnings[plain[:n]]; found != nil {
			return found
		}
	}
	return nil
}
