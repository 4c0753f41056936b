package stack

import (
	"os"
	"testing"

	"go.temporal.io/server/common/dynamicconfig"
	"go.yaml.in/yaml/v3"
)

// What the deployed server is told, ours on this machine is told, too.
func TestDynamicConfiguration(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../deploy/temporal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var deployed map[string][]struct{ Value any }
	if err := yaml.Unmarshal(raw, &deployed); err != nil || len(deployed) == 0 {
		t.Fatalf("%d settings, %v", len(deployed), err)
	}
	here := settings(false)
	for name, values := range deployed {
		if got := here[dynamicconfig.MakeKey(name)]; len(values) != 1 || got != values[0].Value {
			t.Errorf("%s is %v on this machine, %+v where it is deployed", name, got, values)
		}
	}
}
