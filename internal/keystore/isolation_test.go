package keystore_test

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// keyring is a workspace with a request.
type keyring struct {
	workspace helpdesk.WorkspaceID
	request   helpdesk.RequestID
}

func (b *bundle) keyring(t *testing.T) keyring {
	t.Helper()
	k := keyring{helpdesk.NewWorkspaceID(time.Now()), helpdesk.NewRequestID()}
	k.request[0] = 1 // what lies after a request is nothing of another one's
	must(t, b.CreateWorkspaceKey(t.Context(), k.workspace))
	must(t, b.CreateRequestKeys(t.Context(), k.workspace, k.request, seal.NewKey()))
	return k
}

// picture is what a workspace's own calls show of it.
func (b *bundle) picture(t *testing.T, k keyring) string {
	t.Helper()
	ctx := t.Context()
	key, err := b.WorkspaceKey(ctx, k.workspace)
	keys, err2 := b.RequestKeys(ctx, k.workspace, k.request)
	requests, err3 := b.OldRequestKeys(ctx, k.workspace, time.Now().Add(time.Hour), helpdesk.RequestID{}, 10)
	rows, err4 := b.Census(ctx, k.workspace)
	model, err5 := b.ModelVersion(ctx, k.workspace)
	return fmt.Sprintf("%x %x %x %v %d %d %v", key.Bytes(), keys.Text.Bytes(), keys.Summary.Bytes(), requests, rows, model,
		errors.Join(err, err2, err3, err4, err5))
}

// instants differ between any two keys.
var instants = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* \S+ \S+`)

// call calls a method for the workspace with the ids of a request, and writes down what it answers.
func (b *bundle) call(t *testing.T, method reflect.Method, workspace helpdesk.WorkspaceID, request helpdesk.RequestID) string {
	t.Helper()
	args := map[reflect.Type]reflect.Value{}
	for _, v := range []any{
		workspace, request, []helpdesk.RequestID{request}, b.text, true, time.Now().Add(time.Hour), 10, int64(7), func(int) {},
	} {
		args[reflect.TypeOf(v)] = reflect.ValueOf(v)
	}
	in := []reflect.Value{reflect.ValueOf(b.Store), reflect.ValueOf(t.Context())}
	for n := 2; n < method.Type.NumIn(); n++ {
		v, ok := args[method.Type.In(n)]
		if !ok {
			t.Fatalf("%s: give this test an argument of type %s", method.Name, method.Type.In(n))
		}
		if method.Name == "OldRequestKeys" && n == 4 { // a place in a list, and no request's name
			v = reflect.ValueOf(helpdesk.RequestID{})
		}
		in = append(in, v)
	}
	call := method.Func.Call
	if method.Type.IsVariadic() {
		call = method.Func.CallSlice
	}
	var out []string
	for _, v := range call(in) {
		if key, ok := v.Interface().(seal.Key); ok { // each workspace has another one
			v = reflect.ValueOf(key.IsZero())
		}
		out = append(out, instants.ReplaceAllString(fmt.Sprintf("%+v", v.Interface()), "<instant>"))
		if err, ok := v.Interface().(error); ok && errors.Is(err, helpdesk.ErrErased) {
			out = append(out, "erased")
		}
	}
	return strings.NewReplacer(workspace.String(), "<workspace>", request.String(), "<request>").Replace(strings.Join(out, " "))
}

// Every method that takes a workspace, those of later issues included, is called for one workspace with the request of
// another. It changes nothing of the other, and answers as if there were no such request.
func TestNoMethodReachesAnotherWorkspace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	store, tried := reflect.TypeFor[*keystore.Store](), 0
	for n := range store.NumMethod() {
		method := store.Method(n)
		takes := false
		for p := 1; p < method.Type.NumIn(); p++ {
			takes = takes || method.Type.In(p) == reflect.TypeFor[helpdesk.WorkspaceID]()
		}
		if !takes {
			continue
		}
		tried++
		mine, theirs, missing := b.keyring(t), b.keyring(t), helpdesk.NewRequestID()
		before := b.picture(t, theirs)
		foreign := b.call(t, method, mine.workspace, theirs.request)
		if after := b.picture(t, theirs); after != before {
			t.Errorf("%s changed another workspace:\nbefore %s\nafter  %s", method.Name, before, after)
		}
		other := b.keyring(t) // untouched by the first call
		unknown := b.call(t, method, other.workspace, missing)
		// What is made new differs, and so do the workspaces' own keys and requests.
		own := strings.NewReplacer(mine.request.String(), "<own>", other.request.String(), "<own>")
		if foreign, unknown = own.Replace(foreign), own.Replace(unknown); foreign != unknown {
			t.Errorf("%s tells what is foreign from what is missing: %s and %s", method.Name, foreign, unknown)
		}
		b.call(t, method, mine.workspace, mine.request)
		if after := b.picture(t, theirs); after != before {
			t.Errorf("%s changed another workspace:\nbefore %s\nafter  %s", method.Name, before, after)
		}
	}
	if tried < 9 {
		t.Errorf("only %d methods take a workspace: this test looks in the wrong place", tried)
	}
}
