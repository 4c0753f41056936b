package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/echo-synch/echo-synch/internal/certificate"
)

func certificateCommand(s *surroundings) *cobra.Command {
	var key string
	verify := &cobra.Command{
		Use:   "verify FILE... --key PUB",
		Short: "Check certificates of erasures with the public key; needs neither network nor configuration",
		Long: "Check certificates of erasures, as served at /trust/certificates/..., with the public key, as published at\n" +
			"/trust/key. It needs neither network nor configuration. FILE \"-\" is the standard input; several files are checked to be\n" +
			"an unbroken chain as well. PUB is a file, which may hold several, or the key itself in base64. Exit code 1 where one is refused.",
		Example: "  echosynch certificate verify certificate.json --key key.pem",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("takes the argument FILE, at least once")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if key == "" {
				return usageError{errors.New("needs --key, the public key as published at /trust/key")}
			}
			public, err := publicKeys(key)
			if err != nil {
				return err
			}
			var chain []certificate.Certificate
			for _, name := range args {
				c, err := verifyFile(cmd, name, public)
				if err != nil {
					return fmt.Errorf("%s is refused: %w", name, err)
				}
				chain = append(chain, c)
			}
			if err := certificate.VerifyChain(chain); err != nil {
				return err
			}
			for i, c := range chain { // nothing is shown unless all is well
				if err := s.show(args[i], c); err != nil {
					return err
				}
			}
			return nil
		},
	}
	verify.Flags().StringVar(&key, "key", "", "the public key: a file, or base64")
	return group("certificate", "Proof of erasures", verify, verifyDrillCommand(s))
}

// publicKeys are the key itself, or those that a file holds.
func publicKeys(arg string) ([]ed25519.PublicKey, error) {
	if keys, err := certificate.ParsePublicKeys([]byte(arg)); err == nil {
		return keys, nil
	}
	b, err := os.ReadFile(arg)
	if err != nil {
		return nil, fmt.Errorf("read the public key: %w", err)
	}
	keys, err := certificate.ParsePublicKeys(b)
	if err != nil {
		return nil, fmt.Errorf("read the public key from %s: %w", arg, err)
	}
	return keys, nil
}

func verifyFile(cmd *cobra.Command, name string, keys []ed25519.PublicKey) (c certificate.Certificate, err error) {
	var doc []byte
	if name == "-" {
		doc, err = io.ReadAll(cmd.InOrStdin())
	} else {
		doc, err = os.ReadFile(name)
	}
	if err != nil {
		return c, err
	}
	return certificate.Verify(doc, keys...)
}

// show prints what a certificate says.
func (s *surroundings) show(name string, c certificate.Certificate) error {
	fmt.Fprintf(s.out, "%s: verified\n", name)
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "scope\t%s\n", c.Scope)
	fmt.Fprintf(t, "workspace\t%s\n", c.Workspace)
	fmt.Fprintf(t, "certificate\t%s, number %d of its chain\n", c.ID, c.Number)
	fmt.Fprintf(t, "from\t%s\n", c.Started.Format(time.RFC3339))
	fmt.Fprintf(t, "to\t%s\n", c.Ended.Format(time.RFC3339))
	for _, what := range slices.SortedFunc(maps.Keys(c.Times), func(a, b string) int { return c.Times[a].Compare(c.Times[b]) }) {
		fmt.Fprintf(t, "%s\t%s\n", words(what), c.Times[what].Format(time.RFC3339))
	}
	for _, what := range slices.Sorted(maps.Keys(c.Counts)) {
		fmt.Fprintf(t, "%s\t%d\n", words(what), c.Counts[what])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, sentence := range c.NotCovered {
		fmt.Fprintf(s.out, "not covered: %s\n", sentence)
	}
	return nil
}

func words(name string) string { return strings.ReplaceAll(name, "_", " ") }
