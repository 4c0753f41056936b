package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/evaluation"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// builtinSet stands for the set that ships with the product.
const builtinSet = "builtin"

// evalOptions are the flags of eval.
type evalOptions struct {
	provider, team, taxonomy, split, resume string
	price                                   evaluation.Price
	json                                    bool
}

func evalCommand(s *surroundings) *cobra.Command {
	o := evalOptions{provider: "lexical"}
	c := &cobra.Command{
		Use:   "eval FILE",
		Short: "Measure how well a provider triages requests whose label and priority are known",
		Long: "Measure how well a provider triages requests whose label and priority are known: accuracy and macro-F1, what was taken for\n" +
			"what, how far its confidence can be believed, latency, and tokens where it bills them.\n\n" +
			"FILE is a table (.csv) whose first line names its columns, or holds one JSON object a line (.jsonl): text, label and\n" +
			"priority, and if they are there id, split and language. \"builtin\" is the set that ships with the product, in five\n" +
			"languages; the embedded classifier was tuned on its half \"tune\" and never on \"held-out\". Labels are those of the file,\n" +
			"or of a taxonomy: a list, in YAML or JSON, of labels with key, name, description and examples.\n\n" +
			"What was predicted is kept beside FILE, as FILE.partial, until all is done; after an interruption the same command goes\n" +
			"on there. It holds ids and predictions, never a text. Providers \"gemini\" and \"byom\" send the texts\n" +
			"to Google and cost money, the latter in the project of the workspace of --team.\n\n" +
			"With --provider gemini it reads its environment, with --provider byom that of 'echosynch byom':\n" +
			strings.TrimPrefix(environment(config.Evaluation), "Environment:\n"),
		Example: "  echosynch eval builtin --split held-out\n  echosynch eval requests.csv --provider gemini --taxonomy labels.yaml --json",
		Args:    arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.evaluate(cmd.Context(), args[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.provider, "provider", o.provider, "lexical, the embedded classifier, gemini, or byom")
	f.StringVar(&o.team, "team", "", "the Slack team whose own model --provider byom asks")
	f.StringVar(&o.taxonomy, "taxonomy", "", "a file with the labels; without one they are taken from FILE")
	f.StringVar(&o.split, "split", "", "take only the requests of this split")
	f.StringVar(&o.resume, "resume", "", "keep what was predicted in this file (default FILE.partial)")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.Float64Var(&o.price.Input, "input-price", 0, "price of a million tokens that the provider reads, in any currency")
	f.Float64Var(&o.price.Output, "output-price", 0, "price of a million tokens that it writes")
	return c
}

func (s *surroundings) evaluate(ctx context.Context, file string, o evalOptions) error {
	open, ok := evalProviders()[o.provider]
	if !ok {
		return usageError{fmt.Errorf("%q is no provider: use lexical, gemini or byom", o.provider)}
	}
	if (o.provider == "byom") != (o.team != "") {
		return usageError{errors.New("--provider byom and --team belong together")}
	}
	if o.price.Input < 0 || o.price.Output < 0 {
		return usageError{errors.New("a price is not negative")}
	}
	set, labels, err := material(file, o)
	if err != nil {
		return err
	}
	ask, name, err := open(ctx, s, o.team, labels)
	if err != nil {
		return err
	}
	path := o.resume
	if path == "" {
		path = file + ".partial"
	}
	state, err := openState(path, name, set, labels)
	if err != nil {
		return err
	}
	bar := newBar(s.errOut, len(set), len(state.Done))
	err = evaluation.Run(ctx, set, state.Done, ask, func(p evaluation.Prediction) error {
		bar.step()
		return state.Keep(p)
	})
	bar.end()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errors.New("interrupted")
		}
		err = fmt.Errorf("%w; %d of %d are kept in %s: the same command goes on there", err, len(state.Done), len(set), path)
		return errors.Join(err, state.Close())
	}
	if err := state.Remove(); err != nil {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	return s.report(evaluation.NewReport(name, set, state.Done, labels, o.known()), o.json)
}

// known is the price, or nil where none was given.
func (o evalOptions) known() *evaluation.Price {
	if o.price == (evaluation.Price{}) {
		return nil
	}
	return &o.price
}

// material reads the requests and the labels. Whatever is wrong with a file is said with its name.
func material(file string, o evalOptions) ([]evaluation.Request, []helpdesk.Label, error) {
	set, err := readSet(file)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, pathless(err))
	}
	if set = evaluation.Half(set, o.split); len(set) == 0 {
		return nil, nil, fmt.Errorf("%s has no request of split %q", file, o.split)
	}
	labels := evaluation.LabelsOf(set)
	if o.taxonomy != "" {
		f, err := os.Open(o.taxonomy)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", o.taxonomy, pathless(err))
		}
		labels, err = evaluation.ReadLabels(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", o.taxonomy, err)
		}
	}
	if err := evaluation.Fit(set, labels); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return set, labels, nil
}

func readSet(file string) (set []evaluation.Request, err error) {
	if file == builtinSet {
		return evaluation.Shipped()
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv":
		set, err = evaluation.ReadCSV(f)
	case ".jsonl", ".ndjson":
		set, err = evaluation.ReadJSONL(f)
	default:
		err = usageError{errors.New("is neither .csv nor .jsonl")}
	}
	return set, errors.Join(err, f.Close())
}

// pathless is an error of the file system without the path that stands before it already.
func pathless(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// openState opens the state of exactly this run.
func openState(path, provider string, set []evaluation.Request, labels []helpdesk.Label) (*evaluation.State, error) {
	doc, err := json.Marshal([]any{provider, set, labels})
	if err != nil {
		return nil, err
	}
	state, err := evaluation.OpenState(path, fmt.Sprintf("%x", sha256.Sum256(doc)))
	switch {
	case errors.Is(err, evaluation.ErrOtherRun):
		return nil, fmt.Errorf("%s %w; delete it, or name another with --resume", path, evaluation.ErrOtherRun)
	case err != nil:
		return nil, fmt.Errorf("%s: %w; name another file with --resume", path, pathless(err))
	}
	return state, nil
}

func (s *surroundings) report(r evaluation.Report, asJSON bool) error {
	if !asJSON {
		return r.WriteText(s.out)
	}
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
