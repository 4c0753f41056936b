package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// bar is a line that shows how far a command is. On anything but a terminal it is silent.
type bar struct {
	out       io.Writer // nil where it is silent
	all, done int
}

const barWidth = 40

func newBar(out io.Writer, all, done int) *bar {
	b := &bar{all: all, done: done}
	if isTerminal(out) {
		b.out = out
	}
	return b
}

// isTerminal reports whether somebody sits at the other end: a line that is written anew is of no use in a file, and a question
// is of none where nobody answers.
func isTerminal(end any) bool {
	f, ok := end.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// step counts one more. The line is written anew only where it changes.
func (b *bar) step() {
	before := b.percent()
	b.done++
	if b.out != nil && b.percent() != before {
		full := barWidth * b.done / b.all
		fmt.Fprintf(b.out, "\r[%s%s] %3d %%  %d of %d", strings.Repeat("#", full), strings.Repeat(" ", barWidth-full), b.percent(), b.done, b.all)
	}
}

func (b *bar) percent() int { return 100 * b.done / b.all }

// end leaves the line.
func (b *bar) end() {
	if b.out != nil {
		fmt.Fprintln(b.out)
	}
}
