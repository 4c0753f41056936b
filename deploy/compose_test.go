// Package deploy_test checks what is deployed without deploying it: the compose file against the configuration of the
// product and against the promises of its README. It starts no container.
package deploy_test

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/echo-synch/echo-synch/internal/config"
)

// composeFile is where `docker compose` looks for it.
const composeFile = "../docker-compose.yml"

// settings is the least that a .env must hold.
func settings() map[string]string {
	return map[string]string{
		"PUBLIC_URL":                  "https://help.example.com",
		"SLACK_CLIENT_ID":             "1.2",
		"SLACK_CLIENT_SECRET":         "s3",
		"SLACK_SIGNING_SECRET":        "s4",
		"POSTGRES_SUPERUSER_PASSWORD": "p1",
		"POSTGRES_MIGRATE_PASSWORD":   "p2",
		"POSTGRES_APP_PASSWORD":       "p3",
		"KEYSTORE_SUPERUSER_PASSWORD": "p4",
		"KEYSTORE_MIGRATE_PASSWORD":   "p5",
		"KEYSTORE_APP_PASSWORD":       "p6",
		"TEMPORAL_DB_PASSWORD":        "p7",
		"CERTIFICATE_SIGNING_KEY":     "bWFya2VyOG1hcmtlcjhtYXJrZXI4bWFya2VyOG1hcms=",
	}
}

func load(t *testing.T, env map[string]string) (*types.Project, error) {
	t.Helper()
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  "..",
		ConfigFiles: []types.ConfigFile{{Filename: composeFile}},
		Environment: env,
	})
}

func setup(t *testing.T) *types.Project {
	t.Helper()
	project, err := load(t, settings())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// products are the services that run our own image, and what each needs of the configuration.
func products() map[string]config.Need {
	return map[string]config.Need{"api": config.API, "worker": config.Worker, "migrate": config.Migrate}
}

func TestServices(t *testing.T) {
	t.Parallel()
	want := []string{
		"api", "key", "keystore-postgres", "migrate", "postgres",
		"temporal", "temporal-namespace", "temporal-schema", "temporal-ui", "worker",
	}
	if got := setup(t).ServiceNames(); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("services = %v, want %v", got, want)
	}
}

func TestConfigAcceptsTheEnvironment(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "kms.key")
	if err := os.WriteFile(key, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	project := setup(t)
	for name, need := range products() {
		env := project.Services[name].Environment
		c, err := config.Load(func(variable string) string {
			value := env[variable]
			if value == nil {
				return ""
			}
			// The path is inside the container; what counts is that the volume is there.
			return strings.Replace(*value, "/keys/kms.key", key, 1)
		}, need)
		if err != nil {
			t.Errorf("%s does not start:\n%v", name, err)
		}
		if c.Env != config.Selfhost {
			t.Errorf("%s runs in mode %q", name, c.Env)
		}
		known := map[string]bool{}
		for _, v := range config.Variables(need) {
			known[v.Name] = true
		}
		for variable := range env {
			if !known[variable] {
				t.Errorf("%s does not read %s", name, variable)
			}
		}
	}
}

// A setting that is missing in .env stops compose with a word about it; none is replaced by a default password.
func TestEverySettingIsNeeded(t *testing.T) {
	t.Parallel()
	for name := range settings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := settings()
			delete(env, name)
			if _, err := load(t, env); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("without %s: error = %v", name, err)
			}
		})
	}
}

func TestReadmeNamesEverySetting(t *testing.T) {
	t.Parallel()
	compose, err := os.ReadFile(composeFile)
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`\$\{(\w+)`).FindAllSubmatch(compose, -1) {
		if name := string(match[1]); !strings.Contains(string(readme), "`"+name+"`") {
			t.Errorf("README.md does not explain %s", name)
		}
	}
}

func TestImagesArePinned(t *testing.T) {
	t.Parallel()
	for name, service := range setup(t).Services {
		if ours := products()[name] != 0; ours != (service.Build != nil) {
			t.Errorf("%s: built here = %v", name, service.Build != nil)
		} else if !ours && !isPinned(service.Image) {
			t.Errorf("%s: image %q is not pinned to a version", name, service.Image)
		}
	}

	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllSubmatch(dockerfile, -1) {
		// Distroless publishes no versions, only the Debian release it is made of.
		if image := string(match[1]); !isPinned(image) && image != "gcr.io/distroless/static-debian12:nonroot" {
			t.Errorf("Dockerfile: image %q is not pinned to a version", image)
		}
	}
}

// isPinned wants a digest, or a tag with at least a minor version.
func isPinned(image string) bool {
	return regexp.MustCompile(`(:\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$`).MatchString(image)
}

// The image is built with the Go version that the module asks for or a later patch of it.
func TestDockerfileFollowsGoMod(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	minor := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if minor == nil || !strings.Contains(string(dockerfile), "FROM golang:"+string(minor[1])+".") {
		t.Errorf("Dockerfile does not build with Go %s", minor[1])
	}
}

func TestPublishedPorts(t *testing.T) {
	t.Parallel()
	var got []string
	for name, service := range setup(t).Services {
		for _, port := range service.Ports {
			got = append(got, name+" "+port.HostIP+":"+port.Published)
		}
	}
	slices.Sort(got)
	if want := []string{"api :8080", "temporal-ui 127.0.0.1:8233"}; !slices.Equal(got, want) {
		t.Errorf("published = %v, want %v", got, want)
	}
}

// What runs for good has a health check; who waits for it waits until it is healthy, and until a one-shot has succeeded.
func TestHealthAndOrder(t *testing.T) {
	t.Parallel()
	project := setup(t)
	staysUp := func(name string) bool { return project.Services[name].Restart == types.RestartPolicyUnlessStopped }
	for name, service := range project.Services {
		if hasCheck := service.HealthCheck != nil; hasCheck != staysUp(name) {
			t.Errorf("%s: stays up = %v, has a health check = %v", name, staysUp(name), hasCheck)
		}
		for other, dependency := range service.DependsOn {
			want := types.ServiceConditionCompletedSuccessfully
			if staysUp(other) {
				want = types.ServiceConditionHealthy
			}
			if dependency.Condition != want {
				t.Errorf("%s waits for %s with %s, want %s", name, other, dependency.Condition, want)
			}
		}
	}
	for _, name := range []string{"api", "worker"} {
		for _, other := range []string{"migrate", "key", "temporal-namespace"} {
			if _, ok := project.Services[name].DependsOn[other]; !ok {
				t.Errorf("%s does not wait for %s", name, other)
			}
		}
	}
}

// Health checks ask the addresses that the product serves.
func TestHealthChecksAskTheRightPort(t *testing.T) {
	t.Parallel()
	project := setup(t)
	for name, variable := range map[string]string{"api": "LISTEN_ADDR", "worker": "ADMIN_LISTEN_ADDR"} {
		test := project.Services[name].HealthCheck.Test
		asked, err := url.Parse(test[len(test)-1])
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range config.Variables(products()[name]) {
			if v.Name == variable && !strings.HasSuffix(v.Default, ":"+asked.Port()) || asked.Path != "/health" {
				t.Errorf("%s: the check asks %s, %s is %s", name, asked, variable, v.Default)
			}
		}
	}
}

// A destroyed key must be nowhere: not in a log that is shipped, and not in the main database's files.
func TestKeystoreIsApart(t *testing.T) {
	t.Parallel()
	project := setup(t)
	keystore, main := project.Services["keystore-postgres"], project.Services["postgres"]
	for _, setting := range []string{"wal_level=minimal", "max_wal_senders=0", "archive_mode=off"} {
		if !slices.Contains(keystore.Command, setting) {
			t.Errorf("the key store runs without %s", setting)
		}
	}
	for _, a := range keystore.Volumes {
		for _, b := range main.Volumes {
			if a.Source == b.Source {
				t.Errorf("both clusters mount %s", a.Source)
			}
		}
	}
}

func TestProductIsConfined(t *testing.T) {
	t.Parallel()
	project := setup(t)
	for name := range products() {
		service := project.Services[name]
		if !service.ReadOnly || !slices.Contains(service.CapDrop, "ALL") || service.Privileged {
			t.Errorf("%s may write to its image or keeps capabilities", name)
		}
	}
	if !project.Networks["data"].Internal {
		t.Error("the data network reaches the internet")
	}
	for _, name := range []string{"postgres", "keystore-postgres", "temporal", "migrate"} {
		if networks := slices.Collect(maps.Keys(project.Services[name].Networks)); !slices.Equal(networks, []string{"data"}) {
			t.Errorf("%s is on networks %v", name, networks)
		}
	}
}

func TestFilesThatAreMountedExist(t *testing.T) {
	t.Parallel()
	for name, service := range setup(t).Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(volume.Source); err != nil {
				t.Errorf("%s mounts what is not there: %v", name, err)
			}
			if !volume.ReadOnly {
				t.Errorf("%s may write to %s", name, volume.Source)
			}
		}
	}
}
