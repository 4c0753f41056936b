package config

import "strings"

// Problem is one thing wrong with the settings. It never holds the value of a variable.
type Problem struct {
	// Name is the variable.
	Name string
	// What is wrong with it.
	What string
	// Remedy is what the operator can do.
	Remedy string
}

// Problems is the error of [Load]: one line for each problem.
type Problems []Problem

// Error implements error.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Name + ": " + p.What + "; " + p.Remedy
	}
	return strings.Join(lines, "\n")
}
