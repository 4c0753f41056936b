package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	toolsschema "go.temporal.io/server/tools/common/schema"
	toolssql "go.temporal.io/server/tools/sql"
	"google.golang.org/protobuf/types/known/durationpb"
)

// namespace of the product; histories stay a day after their workflow has ended.
const (
	namespace = "echosynch"
	retention = 24 * time.Hour
)

// attributes are the search attributes of the product.
var attributes = map[string]enumspb.IndexedValueType{
	"WorkspaceId": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"OpenedAt":    enumspb.INDEXED_VALUE_TYPE_DATETIME,
	"Breached":    enumspb.INDEXED_VALUE_TYPE_BOOL,
	"Outcome":     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
}

// temporalServer is a Temporal server inside this process, on the main cluster.
type temporalServer struct {
	stack  *Stack
	logger log.Logger
	server temporal.Server
}

// startTemporal starts the server and its UI.
func (s *Stack) startTemporal(ctx context.Context) error {
	s.temporal = &temporalServer{stack: s, logger: log.NewZapLogger(log.BuildZapLogger(log.Config{
		Level: "warn", OutputFile: s.path("temporal.log"),
	}))}
	s.say("starting Temporal on port %d", s.opt.Ports.Temporal)
	for database, schema := range map[string]string{"temporal": "postgresql/v12/temporal", "temporal_visibility": "postgresql/v12/visibility"} {
		if err := s.temporal.migrate(ctx, database, schema); err != nil {
			return fmt.Errorf("prepare Temporal's database %s: %w", database, err)
		}
	}
	s.onStop("Temporal", func(context.Context) error { return s.temporal.stop() })
	if err := s.temporal.start(ctx); err != nil {
		return err
	}
	ui := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host: "127.0.0.1", Port: s.opt.Ports.TemporalUI, TemporalGRPCAddress: local(s.opt.Ports.Temporal), EnableUI: true,
		CORS: uiconfig.CORS{CookieInsecure: true}, HideLogs: true, DisableNewsFetch: true, DisableWriteActions: true,
	}))
	s.onStop("Temporal UI", func(context.Context) error { ui.Stop(); return nil })
	go func() { _ = ui.Start() }() // a port that is taken was found before
	return answers(ctx, origin(s.opt.Ports.TemporalUI)+"/api/v1/settings", 20*time.Second)
}

// sql is the connection to one of Temporal's databases; each use gets its own, because the library changes it.
func (t *temporalServer) sql(database string) (*config.SQL, error) {
	u, err := url.Parse(t.stack.main.adminURL)
	if err != nil {
		return nil, errors.New("DATABASE_ADMIN_URL is not a postgres:// address")
	}
	password, _ := u.User.Password()
	address := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "5432"))
	return &config.SQL{
		PluginName: postgresql.PluginNamePGX, ConnectProtocol: "tcp", ConnectAddr: address, User: u.User.Username(),
		Password: password, DatabaseName: database, ConnectAttributes: map[string]string{"sslmode": cmp.Or(u.Query().Get("sslmode"), "disable")},
		MaxConns: 30, MaxIdleConns: 30, MaxConnLifetime: time.Hour,
	}, nil
}

func (t *temporalServer) migrate(ctx context.Context, database, schema string) error {
	if err := createDatabase(ctx, t.stack.main.adminURL, database); err != nil {
		return err
	}
	cfg, err := t.sql(database)
	if err != nil {
		return err
	}
	conn, err := toolssql.NewConnection(cfg, t.logger)
	if err != nil {
		return err
	}
	defer conn.Close()
	if version, err := conn.ReadSchemaVersion(); err != nil || version == "" {
		if err := toolsschema.NewSetupSchemaTask(conn, &toolsschema.SetupConfig{InitialVersion: "0.0"}, t.logger).Run(); err != nil {
			return err
		}
	}
	return toolsschema.NewUpdateSchemaTask(conn, &toolsschema.UpdateConfig{SchemaName: schema}, t.logger).Run()
}

func (t *temporalServer) config() (*config.Config, error) {
	p := t.stack.opt.Ports
	main, err := t.sql("temporal")
	if err != nil {
		return nil, err
	}
	visibility, err := t.sql("temporal_visibility")
	if err != nil {
		return nil, err
	}
	cfg := &config.Config{}
	cfg.Persistence = config.Persistence{
		DefaultStore: "default", VisibilityStore: "visibility", NumHistoryShards: 4,
		DataStores: map[string]config.DataStore{"default": {SQL: main}, "visibility": {SQL: visibility}},
	}
	cfg.Global.Membership = config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: "127.0.0.1"}
	cfg.Global.Metrics = &metrics.Config{Prometheus: &metrics.PrometheusConfig{ListenAddress: local(p.TemporalMetrics), HandlerPath: "/metrics"}}
	cfg.ClusterMetadata = &cluster.Config{
		FailoverVersionIncrement: 10, MasterClusterName: "active", CurrentClusterName: "active",
		ClusterInformation: map[string]cluster.ClusterInformation{"active": {
			Enabled: true, InitialFailoverVersion: 1, RPCAddress: local(p.Temporal), HTTPAddress: local(p.TemporalHTTP),
		}},
	}
	cfg.DCRedirectionPolicy.Policy = "noop"
	cfg.PublicClient.HostPort = local(p.Temporal)
	cfg.Archival.History.State, cfg.Archival.Visibility.State = "disabled", "disabled"
	cfg.NamespaceDefaults.Archival.History.State, cfg.NamespaceDefaults.Archival.Visibility.State = "disabled", "disabled"
	service := func(port, http int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: port, HTTPPort: http, BindOnIP: "127.0.0.1"}}
	}
	cfg.Services = map[string]config.Service{
		"frontend": service(p.Temporal, p.TemporalHTTP), "history": service(p.TemporalHistory, 0),
		"matching": service(p.TemporalMatching, 0), "worker": service(p.TemporalJob, 0),
	}
	return cfg, nil
}

// settings are the dynamic configuration: what deploy/temporal.yaml says, and what makes one machine quick.
func settings(unfair bool) dynamicconfig.StaticClient {
	out := dynamicconfig.StaticClient{}
	for key, value := range map[string]any{
		"matching.enableFairness":                          !unfair,
		"matching.numTaskqueueReadPartitions":              1,
		"matching.numTaskqueueWritePartitions":             1,
		"frontend.namespaceRPS.visibility":                 100,
		"frontend.namespaceRPS":                            5000,
		"frontend.rps":                                     5000,
		"matching.rps":                                     5000,
		"history.hostLevelCacheMaxSize":                    16000,
		"worker.batcherRPS":                                200,
		"worker.batcherConcurrency":                        20,
		"frontend.MaxConcurrentBatchOperationPerNamespace": 5,
		"frontend.WorkflowTimeSkippingEnabled":             true, // tests travel in time on this server
		"system.namespaceCacheRefreshInterval":             time.Second,
		"system.forceSearchAttributesCacheRefreshOnRead":   true,
	} {
		out[dynamicconfig.MakeKey(key)] = value
	}
	return out
}

func (t *temporalServer) start(ctx context.Context) error {
	cfg, err := t.config()
	if err != nil {
		return err
	}
	p := t.stack.opt.Ports
	t.server, err = temporal.NewServer(
		temporal.WithConfig(cfg), temporal.ForServices(temporal.DefaultServices), temporal.WithLogger(t.logger),
		temporal.WithDynamicConfigClient(settings(t.stack.opt.Unfair)),
		temporal.WithStaticHosts(map[primitives.ServiceName]static.Hosts{
			primitives.FrontendService: static.SingleLocalHost(local(p.Temporal)),
			primitives.HistoryService:  static.SingleLocalHost(local(p.TemporalHistory)),
			primitives.MatchingService: static.SingleLocalHost(local(p.TemporalMatching)),
			primitives.WorkerService:   static.SingleLocalHost(local(p.TemporalJob)),
		}))
	if err != nil {
		return fmt.Errorf("make Temporal server: %w", err)
	}
	if err := t.server.Start(); err != nil {
		return fmt.Errorf("start Temporal: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	if err := until(ctx, func() error { return t.register(ctx) }); err != nil {
		return fmt.Errorf("temporal does not answer; its log is %s: %w", t.stack.path("temporal.log"), err)
	}
	return nil
}

// register makes namespace and search attributes, and returns when both can be used.
func (t *temporalServer) register(ctx context.Context) error {
	quiet := sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	c, err := client.NewLazyClient(client.Options{HostPort: local(t.stack.opt.Ports.Temporal), Namespace: namespace, Logger: quiet})
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: namespace, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	var there *serviceerror.NamespaceAlreadyExists
	if err != nil && !errors.As(err, &there) {
		return err
	}
	if _, err := c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: attributes,
	}); err != nil && !strings.Contains(err.Error(), "already exist") {
		return err
	}
	_, err = c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: namespace, Query: "WorkspaceId = 'none' and Breached = true"})
	return err
}

func (t *temporalServer) stop() error {
	if t.server == nil {
		return nil
	}
	server := t.server
	t.server = nil
	return server.Stop()
}
