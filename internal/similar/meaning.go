package similar

import (
	_ "embed"
	"iter"
	"strings"
	"sync"
)

var (
	//go:embed concepts.txt
	conceptsFile string
	//go:embed everyday.txt
	everydayFile string
)

// concept is what a word may mean.
type concept struct{ kind, name string }

// everyday is that of words in messages about anything.
var everyday = concept{kind: "everyday"}

// negations deny what is said with them.
var negations = set("not no cannot cant wont dont doesnt isnt nobody none unable without never " +
	"nicht kein keine keinen nichts niemand nix ned unmoglich ohne nie " +
	"pas ne plus jamais rien personne impossible sans nadie nada nunca imposible sin non nessuno niente mai impossibile senza") //nolint:misspell // Italian

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
	for line := range dataLines(conceptsFile) {
		kind, name, words := line[0], line[1], line[2:]
		if kind == "filler" {
			name, words = "", line[1:]
		}
		d.learn(concept{kind, name}, words)
	}
	for line := range dataLines(everydayFile) {
		d.learn(everyday, line)
	}
	return d
})

func (d dictionary) learn(c concept, words []string) {
	for _, w := range words {
		if begin, ok := strings.CutSuffix(w, "*"); ok {
			d.beginnings[begin] = append(d.beginnings[begin], c)
		} else {
			d.words[w] = append(d.words[w], c)
		}
	}
}

// dataLines are the words of a file's lines, without comments.
func dataLines(file string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(file) {
			if said := strings.Fields(line); len(said) > 0 && said[0] != "#" && !yield(said) {
				return
			}
		}
	}
}

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
