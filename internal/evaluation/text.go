package evaluation

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// WriteText prints a report for people.
func (r Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "provider\t%s\nrequests\t%d\n", r.Provider, r.Requests)
	for _, why := range slices.Sorted(maps.Keys(r.Unanswered)) {
		fmt.Fprintf(t, "no answer, %s\t%d\n", why, r.Unanswered[why])
	}
	fmt.Fprintf(t, "label\taccuracy %.3f, macro-F1 %.3f\n", r.Label.Accuracy, r.Label.MacroF1)
	fmt.Fprintf(t, "priority\taccuracy %.3f, macro-F1 %.3f\n", r.Priority.Accuracy, r.Priority.MacroF1)
	if c := r.Calibration; c != nil {
		fmt.Fprintf(t, "calibration\tECE %.3f\n", c.ECE)
		fmt.Fprintf(t, "needs a human\t%.1f %%; accuracy of the rest %.3f\n", 100*c.Guesses, c.Sure)
	} else {
		fmt.Fprintf(t, "calibration\tnot known: the provider gives no confidence\n")
	}
	l := r.Latency
	fmt.Fprintf(t, "latency\tp50 %s, p95 %s, p99 %s, max %s\n", micros(l.P50), micros(l.P95), micros(l.P99), micros(l.Max))
	if c := r.Cost; c != nil {
		fmt.Fprintf(t, "per 1,000 requests\t%.0f tokens in, %.0f out%s\n", c.Input, c.Output, c.priced())
	}
	r.writeTables(t)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func micros(n float64) time.Duration {
	return time.Duration(n * 1000).Round(max(time.Microsecond/10, time.Duration(n)))
}

func (c Cost) priced() string {
	if c.Price == nil {
		return ""
	}
	return fmt.Sprintf(", price %.4f", *c.Price)
}

// writeTables prints what has more than one line. An empty line begins a new table with columns of its own.
func (r Report) writeTables(t *tabwriter.Writer) {
	if len(r.Languages) > 0 {
		fmt.Fprint(t, "\nLANGUAGE\tREQUESTS\tACCURACY\tMACRO-F1\n")
		for _, name := range slices.Sorted(maps.Keys(r.Languages)) {
			l := r.Languages[name]
			fmt.Fprintf(t, "%s\t%d\t%.3f\t%.3f\n", name, l.Requests, l.Accuracy, l.MacroF1)
		}
	}
	r.Label.write(t, "LABEL")
	r.Priority.write(t, "PRIORITY")
	if c := r.Calibration; c != nil {
		fmt.Fprint(t, "\nCONFIDENCE\tREQUESTS\tMEAN\tACCURACY\n")
		for _, b := range c.Bins {
			fmt.Fprintf(t, "%.1f to %.1f\t%d\t%.3f\t%.3f\n", b.From, b.To, b.Requests, b.Confidence, b.Accuracy)
		}
	}
}

// write prints one field: its values, and what was predicted for each.
func (c Choice) write(t *tabwriter.Writer, what string) {
	fmt.Fprintf(t, "\n%s\tREQUESTS\tPRECISION\tRECALL\tF1\n", what)
	columns := make(map[string]bool)
	for _, v := range c.Values {
		fmt.Fprintf(t, "%s\t%d\t%.3f\t%.3f\t%.3f\n", v.Name, v.Requests, v.Precision, v.Recall, v.F1)
		for predicted := range c.Confusion[v.Name] {
			columns[predicted] = true
		}
	}
	fmt.Fprintf(t, "\n%s IS \\ SAID", what)
	names := slices.Sorted(maps.Keys(columns))
	for _, name := range names {
		fmt.Fprintf(t, "\t%s", name)
	}
	for _, v := range c.Values {
		fmt.Fprintf(t, "\n%s", v.Name)
		for _, name := range names {
			if n := c.Confusion[v.Name][name]; n > 0 {
				fmt.Fprintf(t, "\t%d", n)
			} else {
				fmt.Fprint(t, "\t.")
			}
		}
	}
	fmt.Fprintln(t)
}
