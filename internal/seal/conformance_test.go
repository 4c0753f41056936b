package seal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/kmssim"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// TestMain gives AWS's libraries what they look for: the stand-in checks no signature.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "stand-in", "AWS_SECRET_ACCESS_KEY": "stand-in", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// awsKMS is a wrapper over a stand-in of its own.
func awsKMS(t *testing.T) (*seal.KMS, *kmssim.Server) {
	t.Helper()
	sim := kmssim.New()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	k, err := seal.OpenKMS(t.Context(), kmssim.KeyID, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return k, sim
}

// wrappers make a wrapper with a key of its own each time.
func wrappers() map[string]func(*testing.T) seal.Wrapper {
	return map[string]func(*testing.T) seal.Wrapper{
		"local": func(t *testing.T) seal.Wrapper { return local(t) },
		"KMS": func(t *testing.T) seal.Wrapper {
			k, _ := awsKMS(t)
			return k
		},
	}
}

// pairs make a wrapper, and the one that takes its place: each holds the other's key as the older one.
func pairs() map[string]func(*testing.T) (before, after seal.Wrapper) {
	return map[string]func(*testing.T) (before, after seal.Wrapper){
		"local": func(t *testing.T) (before, after seal.Wrapper) {
			one, two := randomLine(), randomLine()
			before, err := seal.OpenLocal(keyFile(t, one+two, 0o600), true)
			if err != nil {
				t.Fatal(err)
			}
			after, err = seal.OpenLocal(keyFile(t, two+one, 0o600), true)
			if err != nil {
				t.Fatal(err)
			}
			return before, after
		},
		"KMS": func(t *testing.T) (before, after seal.Wrapper) {
			server := httptest.NewServer(kmssim.New())
			t.Cleanup(server.Close)
			before, err := seal.OpenKMS(t.Context(), kmssim.KeyID, server.URL, kmssim.OtherKeyID)
			if err != nil {
				t.Fatal(err)
			}
			after, err = seal.OpenKMS(t.Context(), kmssim.OtherKeyID, server.URL, kmssim.KeyID)
			if err != nil {
				t.Fatal(err)
			}
			return before, after
		},
	}
}

// While a wrapping key is replaced, what either has wrapped opens everywhere, and each names what it is under.
func TestTwoWrappingKeys(t *testing.T) {
	t.Parallel()
	for name, open := range pairs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := open(t)
			ctx, name := t.Context(), map[bool]string{}
			for _, w := range []struct {
				by    seal.Wrapper
				newer bool
			}{{before, false}, {after, true}} {
				wrapped, err := w.by.Wrap(ctx, purpose, []byte("secret"))
				if err != nil {
					t.Fatal(err)
				}
				for reader, is := range map[seal.Wrapper]bool{before: !w.newer, after: w.newer} {
					plain, err := reader.Unwrap(ctx, purpose, wrapped)
					if err != nil || string(plain) != "secret" {
						t.Errorf("opened %q, %v", plain, err)
					}
					under, current, err := reader.Under(ctx, purpose, wrapped)
					if err != nil || current != is || under == "" {
						t.Errorf("under %q, current %t, %v; want %t", under, current, err, is)
					}
					name[w.newer] = under
				}
				if _, _, err := w.by.Under(ctx, seal.Context{Purpose: "bot-token"}, wrapped); !errors.Is(err, seal.ErrOpen) {
					t.Errorf("another purpose: %v", err)
				}
			}
			if name[true] == name[false] {
				t.Errorf("both keys are called %q", name[true])
			}
		})
	}
}

func each(t *testing.T, f func(*testing.T, func(*testing.T) seal.Wrapper)) {
	t.Helper()
	for name, open := range wrappers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, open)
		})
	}
}

func TestWrappedOpensForItsContextOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(*testing.T) seal.Wrapper) {
		ctx, w := t.Context(), open(t)
		plain := seal.NewKey().Bytes()
		wrapped, err := w.Wrap(ctx, purpose, plain)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(wrapped, plain) {
			t.Error("the key stands in what was wrapped")
		}
		if got, err := w.Unwrap(ctx, purpose, wrapped); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("unwrapped another key: %v", err)
		}
		for name, c := range map[string]seal.Context{
			"another purpose":   {Purpose: "bot-token", Workspace: "w"},
			"another workspace": {Purpose: "workspace-key", Workspace: "x"},
			"no workspace":      {Purpose: "workspace-key"},
			"none":              {},
		} {
			if _, err := w.Unwrap(ctx, c, wrapped); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := open(t).Unwrap(ctx, purpose, wrapped); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("another wrapping key: %v", err)
		}
		again, err := w.Wrap(ctx, purpose, plain)
		if err != nil || bytes.Equal(again, wrapped) {
			t.Errorf("wrapped twice alike, %v", err)
		}
	})
}

func TestGenerate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(*testing.T) seal.Wrapper) {
		w := open(t)
		one, wrapped, err := w.Generate(t.Context(), purpose)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.Unwrap(t.Context(), purpose, wrapped); err != nil || !bytes.Equal(got, one.Bytes()) {
			t.Errorf("unwrapped another key: %v", err)
		}
		if two, _, err := w.Generate(t.Context(), purpose); err != nil || bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Errorf("the same key twice, %v", err)
		}
	})
}

func TestChangedBlobsDoNotOpen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(*testing.T) seal.Wrapper) {
		w := open(t)
		wrapped, err := w.Wrap(t.Context(), purpose, []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range wrapped {
			changed := bytes.Clone(wrapped)
			changed[i] ^= 1
			if got, err := w.Unwrap(t.Context(), purpose, changed); err == nil {
				t.Errorf("byte %d changed: opened %q", i, got)
			}
		}
	})
}

// Neither takes what the other made, whatever the key.
func TestUnwrapRefusesWhatAnotherWrapperMade(t *testing.T) {
	t.Parallel()
	made := map[string][]byte{}
	for name, open := range wrappers() {
		wrapped, err := open(t).Wrap(t.Context(), purpose, []byte("secret"))
		if err != nil {
			t.Fatal(err)
		}
		made[name] = wrapped
	}
	for _, blob := range []string{"", "loca", "local:", "local:x", "kms", "\x01\x02\x02\x00a blob without a prefix"} {
		made[fmt.Sprintf("%q", blob)] = []byte(blob)
	}
	each(t, func(t *testing.T, open func(*testing.T) seal.Wrapper) {
		for name, blob := range made {
			if _, err := open(t).Unwrap(t.Context(), purpose, blob); !errors.Is(err, seal.ErrOpen) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A KMS that is down, or that a policy closes, is no proof that something was changed: whoever asks tries again.
func TestKMSFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*kmssim.Server){
		"down":   func(s *kmssim.Server) { s.Fail(true, false) },
		"denied": func(s *kmssim.Server) { s.Fail(false, true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, sim := awsKMS(t)
			wrapped, err := k.Wrap(t.Context(), purpose, []byte("secret"))
			if err != nil {
				t.Fatal(err)
			}
			fail(sim)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, err := k.Unwrap(ctx, purpose, wrapped); err == nil || errors.Is(err, seal.ErrOpen) {
				t.Errorf("unwrap: %v", err)
			}
			if _, err := k.Wrap(ctx, purpose, []byte("secret")); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("wrap: %v", err)
			}
			if _, _, err := k.Generate(ctx, purpose); err == nil {
				t.Error("generated")
			}
			sim.Fail(false, false)
			if got, err := k.Unwrap(t.Context(), purpose, wrapped); err != nil || string(got) != "secret" {
				t.Errorf("afterwards: %q, %v", got, err)
			}
		})
	}
}

// KMS writes contexts to its log in clear, so they hold ids of ours and nothing else.
func TestKMSContexts(t *testing.T) {
	t.Parallel()
	k, sim := awsKMS(t)
	for _, c := range []seal.Context{purpose, {Purpose: "ingress-key"}} {
		if _, err := k.Wrap(t.Context(), c, []byte("secret")); err != nil {
			t.Fatal(err)
		}
	}
	want := []map[string]string{
		{"app": "echo-synch", "purpose": "workspace-key", "workspace": "w"}, {"app": "echo-synch", "purpose": "ingress-key"},
	}
	if got := sim.Contexts(); !reflect.DeepEqual(got, want) {
		t.Errorf("contexts %v, want %v", got, want)
	}
}

func TestKMSOfAnotherKey(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(kmssim.New())
	t.Cleanup(server.Close)
	k, err := seal.OpenKMS(t.Context(), "alias/another", server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Wrap(t.Context(), purpose, []byte("secret")); err == nil || errors.Is(err, seal.ErrOpen) {
		t.Errorf("wrapped under a key that is not there: %v", err)
	}
}
