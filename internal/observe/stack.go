package observe

import (
	"path"
	"runtime"
	"strings"

	"github.com/getsentry/sentry-go"
)

const trackerDepth = 128 // frames of a stack

// stack is where we are: at the log line with the given program counter or, where a panic unwinds the stack, at its origin.
// Sentry wants the outermost frame first.
func stack(line uintptr) (frames []sentry.Frame, place uintptr, panics bool) {
	pcs := make([]uintptr, trackerDepth)
	pcs = pcs[:runtime.Callers(2, pcs)]
	at, _ := runtime.CallersFrames([]uintptr{line}).Next()
	found := false
	for all := runtime.CallersFrames(pcs); ; {
		f, more := all.Next()
		switch {
		case f.Function == "runtime.gopanic": // what stands above it cleans up after it
			frames, place, panics, found = nil, 0, true, true
		case found || f.Function == at.Function:
			found = true
			if place == 0 {
				place = f.PC
			}
			frames = append([]sentry.Frame{frame(f)}, frames...)
		}
		if !more {
			break
		}
	}
	if !panics {
		place = line
	}
	return frames, place, panics
}

// frame names a line of code without the machine it was built on.
func frame(f runtime.Frame) sentry.Frame {
	pkg, function := "", f.Function
	if dot := strings.Index(function[strings.LastIndex(function, "/")+1:], "."); dot >= 0 {
		dot += strings.LastIndex(function, "/") + 1
		pkg, function = function[:dot], function[dot+1:]
	}
	dir, ours := strings.CutPrefix(pkg, "github.com/echo-synch/echo-synch/") // as in the repository
	return sentry.Frame{
		Module: pkg, Function: function, Filename: path.Join(dir, path.Base(f.File)), Lineno: f.Line, InApp: ours || pkg == "main",
	}
}
