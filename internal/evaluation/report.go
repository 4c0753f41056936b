package evaluation

import (
	"math"
	"slices"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Report is how well a provider did. Shares are from 0 to 1.
type Report struct {
	Provider string `json:"provider"`
	Requests int    `json:"requests"`
	// Unanswered counts requests without a usable answer, by reason. They count as wrong.
	Unanswered map[string]int      `json:"unanswered,omitempty"`
	Label      Choice              `json:"label"`
	Priority   Choice              `json:"priority"`
	Languages  map[string]Language `json:"languages,omitempty"`
	// Calibration is nil where the provider gives no confidence.
	Calibration *Calibration `json:"calibration,omitempty"`
	Latency     Latency      `json:"latency_us"`
	// Cost is nil where the provider bills no tokens.
	Cost *Cost `json:"per_1000_requests,omitempty"`
}

// Choice is how well one field was chosen.
type Choice struct {
	Accuracy float64 `json:"accuracy"`
	// MacroF1 is the mean of the F1 of all values: rare ones count as much as frequent ones.
	MacroF1 float64 `json:"macro_f1"`
	Values  []Value `json:"values"`
	// Confusion counts by what it is, then by what was predicted. None stands for no answer.
	Confusion map[string]map[string]int `json:"confusion"`
}

// None is predicted where there was no usable answer.
const None = "(none)"

// Value is how well one label or priority was chosen.
type Value struct {
	Name      string  `json:"name"`
	Requests  int     `json:"requests"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Language is how well labels were chosen in one language.
type Language struct {
	Requests int     `json:"requests"`
	Accuracy float64 `json:"accuracy"`
	MacroF1  float64 `json:"macro_f1"`
}

// Calibration is how far a label's confidence can be believed.
type Calibration struct {
	// ECE is the expected calibration error: the mean distance between confidence and accuracy.
	ECE  float64 `json:"ece"`
	Bins []Bin   `json:"bins"`
	// Guesses is the share of requests that the provider would rather leave to a person; Sure is its accuracy on the others.
	Guesses float64 `json:"needs_human"`
	Sure    float64 `json:"accuracy_of_the_rest"`
}

// Bin holds the requests whose confidence is from From to To.
type Bin struct {
	From       float64 `json:"from"`
	To         float64 `json:"to"`
	Requests   int     `json:"requests"`
	Confidence float64 `json:"confidence"`
	Accuracy   float64 `json:"accuracy"`
}

// Latency of a request, in microseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Cost of a thousand requests.
type Cost struct {
	Input  float64 `json:"input_tokens"`
	Output float64 `json:"output_tokens"`
	// Price is nil where no price of tokens is known.
	Price *float64 `json:"price,omitempty"`
}

// Price of a million tokens.
type Price struct{ Input, Output float64 }

// NewReport compares what was predicted with what is right. Every request must have its prediction. labels say the order.
func NewReport(provider string, set []Request, predicted map[string]Prediction, labels []helpdesk.Label, price *Price) Report {
	r := Report{Provider: provider, Requests: len(set), Unanswered: make(map[string]int), Languages: make(map[string]Language)}
	var keys, priorities []string
	for _, l := range labels {
		keys = append(keys, l.Key)
	}
	for _, p := range helpdesk.Priorities() {
		priorities = append(priorities, string(p))
	}
	byLanguage := make(map[string][]Request)
	for _, q := range set {
		if p := predicted[q.ID]; p.None != "" {
			r.Unanswered[p.None]++
		}
		if q.Language != "" {
			byLanguage[q.Language] = append(byLanguage[q.Language], q)
		}
	}
	label := func(q Request) (string, string) { return q.Label, predicted[q.ID].Label }
	r.Label = choice(set, keys, label)
	r.Priority = choice(set, priorities, func(q Request) (string, string) {
		return string(q.Priority), string(predicted[q.ID].Priority)
	})
	for name, part := range byLanguage {
		c := choice(part, keys, label)
		r.Languages[name] = Language{len(part), c.Accuracy, c.MacroF1}
	}
	r.Calibration = calibration(set, predicted)
	r.Latency = latency(set, predicted)
	r.Cost = cost(set, predicted, price)
	return r
}

// choice counts one field; of gives what it is and what was predicted, "" for nothing.
func choice(set []Request, names []string, of func(Request) (is, predicted string)) Choice {
	c := Choice{Confusion: make(map[string]map[string]int)}
	right, as := 0, make(map[string]int)
	for _, q := range set {
		is, predicted := of(q)
		if predicted == "" {
			predicted = None
		}
		if c.Confusion[is] == nil {
			c.Confusion[is] = make(map[string]int)
		}
		c.Confusion[is][predicted]++
		as[predicted]++
		if is == predicted {
			right++
		}
	}
	c.Accuracy = share(right, len(set))
	for _, name := range names {
		v := Value{Name: name}
		for _, n := range c.Confusion[name] {
			v.Requests += n
		}
		if v.Requests == 0 { // what no request has says nothing about how it is recognised
			continue
		}
		hits := c.Confusion[name][name]
		v.Precision, v.Recall = share(hits, as[name]), share(hits, v.Requests)
		v.F1 = share(2*hits, as[name]+v.Requests)
		c.Values = append(c.Values, v)
		c.MacroF1 += v.F1
	}
	c.MacroF1 /= float64(len(c.Values))
	return c
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

const bins = 10

func calibration(set []Request, predicted map[string]Prediction) *Calibration {
	c := &Calibration{Bins: make([]Bin, bins)}
	confident, rest, right := 0, 0, 0
	for _, q := range set {
		p := predicted[q.ID]
		if p.Confidence == nil {
			continue
		}
		confident++
		b := &c.Bins[min(int(*p.Confidence*bins), bins-1)]
		b.Requests++
		b.Confidence += *p.Confidence
		hit := 0
		if p.Label == q.Label {
			hit = 1
		}
		b.Accuracy += float64(hit)
		if !p.Guess {
			rest++
			right += hit
		}
	}
	if confident == 0 {
		return nil
	}
	for i := range c.Bins {
		b := &c.Bins[i]
		b.From, b.To = float64(i)/bins, float64(i+1)/bins
		if b.Requests > 0 {
			c.ECE += math.Abs(b.Accuracy-b.Confidence) / float64(confident)
			b.Confidence /= float64(b.Requests)
			b.Accuracy /= float64(b.Requests)
		}
	}
	c.Bins = slices.DeleteFunc(c.Bins, func(b Bin) bool { return b.Requests == 0 })
	c.Guesses, c.Sure = share(confident-rest, confident), share(right, rest)
	return c
}

func latency(set []Request, predicted map[string]Prediction) Latency {
	var took []time.Duration
	for _, q := range set {
		took = append(took, predicted[q.ID].Took)
	}
	slices.Sort(took)
	at := func(percent int) float64 { // nearest rank
		return float64(took[max((len(took)*percent+99)/100, 1)-1].Nanoseconds()) / 1000
	}
	return Latency{P50: at(50), P95: at(95), P99: at(99), Max: at(100)}
}

func cost(set []Request, predicted map[string]Prediction, price *Price) *Cost {
	var in, out int64
	for _, q := range set {
		in, out = in+predicted[q.ID].Input, out+predicted[q.ID].Output
	}
	if in+out == 0 {
		return nil
	}
	thousand := 1000 / float64(len(set))
	c := &Cost{Input: float64(in) * thousand, Output: float64(out) * thousand}
	if price != nil {
		p := (c.Input*price.Input + c.Output*price.Output) / 1e6
		c.Price = &p
	}
	return c
}
