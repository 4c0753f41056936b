package dynamosim

import (
	"strconv"
	"strings"
	"unicode"
)

// expression is one that was cut into words, with the values that it names.
type expression struct {
	words  []string
	values map[string]value
	used   map[string]bool
	item   item
	broken bool
}

// cut makes words of an expression: names, values, and signs.
func cut(text string) (words []string) {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == ' ':
			i++
		case strings.IndexByte("(),", c) >= 0:
			words = append(words, text[i:i+1])
			i++
		case strings.IndexByte("=<>", c) >= 0:
			n := i + 1
			for n < len(text) && strings.IndexByte("=<>", text[n]) >= 0 {
				n++
			}
			words = append(words, text[i:n])
			i = n
		default:
			n := i
			for n < len(text) && strings.IndexByte(" (),=<>", text[n]) < 0 {
				n++
			}
			words = append(words, text[i:n])
			i = n
		}
	}
	return words
}

// holds reports whether an item meets a condition; an empty condition is met. ok is false for one that is no condition.
func holds(condition string, values map[string]value, used map[string]bool, i item) (met, ok bool) {
	if condition == "" {
		return true, true
	}
	e := &expression{words: cut(condition), values: values, used: used, item: i}
	met = e.or()
	return met, !e.broken && len(e.words) == 0
}

func (e *expression) peek() string {
	if len(e.words) == 0 {
		return ""
	}
	return e.words[0]
}

func (e *expression) next() string {
	w := e.peek()
	if w == "" {
		e.broken = true
		return ""
	}
	e.words = e.words[1:]
	return w
}

// take takes a word if it is the next one.
func (e *expression) take(word string) bool {
	if strings.EqualFold(e.peek(), word) {
		e.next()
		return true
	}
	return false
}

func (e *expression) expect(word string) {
	if !e.take(word) {
		e.broken = true
	}
}

func (e *expression) or() bool {
	met := e.and()
	for e.take("or") {
		met = e.and() || met
	}
	return met
}

func (e *expression) and() bool {
	met := e.term()
	for e.take("and") {
		met = e.term() && met
	}
	return met
}

func (e *expression) term() (met bool) {
	switch {
	case e.take("not"):
		return !e.term()
	case e.take("("):
		met = e.or()
		e.expect(")")
		return met
	case e.take("attribute_exists"):
		return e.exists()
	case e.take("attribute_not_exists"):
		return !e.exists()
	}
	left, there := e.operand()
	sign := e.next()
	right, too := e.operand()
	return there && too && e.compare(left, sign, right)
}

func (e *expression) exists() bool {
	e.expect("(")
	_, there := e.item[e.next()]
	e.expect(")")
	return there
}

// operand is a value, or an attribute.
func (e *expression) operand() (v value, there bool) {
	name := e.next()
	if strings.HasPrefix(name, ":") {
		v, there = e.values[name]
		e.used[name] = true
		if !there {
			e.broken = true
		}
		return v, there
	}
	if name == "" || !unicode.IsLetter(rune(name[0])) {
		e.broken = true
	}
	v, there = e.item[name]
	return v, there
}

func (e *expression) compare(a value, sign string, b value) bool {
	order := 0
	switch {
	case a["N"] != "" && b["N"] != "":
		x, err1 := strconv.ParseInt(a["N"], 10, 64)
		y, err2 := strconv.ParseInt(b["N"], 10, 64)
		e.broken = e.broken || err1 != nil || err2 != nil
		order = int(min(max(x-y, -1), 1))
	case a["S"] != "" && b["S"] != "":
		order = strings.Compare(a["S"], b["S"])
	case a["B"] != "" && b["B"] != "" && sign == "=":
		return a["B"] == b["B"]
	default:
		return false
	}
	switch sign {
	case "=":
		return order == 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	e.broken = true
	return false
}

// assigned is what SET gives an attribute: a value, or with if_not_exists what another one has already.
func (e *expression) assigned() value {
	if !e.take("if_not_exists") {
		v, _ := e.operand()
		return v
	}
	e.expect("(")
	v, there := e.item[e.next()]
	e.expect(",")
	other, _ := e.operand()
	e.expect(")")
	if there {
		return v
	}
	return other
}

// change applies an update expression to a copy of an item: SET of values, and REMOVE.
func change(update string, values map[string]value, used map[string]bool, i item) (ok bool) {
	e := &expression{words: cut(update), values: values, used: used, item: i}
	for e.peek() != "" && !e.broken {
		switch {
		case e.take("set"):
			for more := true; more && !e.broken; more = e.take(",") {
				name := e.next()
				e.expect("=")
				i[name] = e.assigned()
			}
		case e.take("remove"):
			for more := true; more && !e.broken; more = e.take(",") {
				delete(i, e.next())
			}
		default:
			e.broken = true
		}
	}
	return !e.broken
}
