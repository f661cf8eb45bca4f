package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/access"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/iscsimetricsquery"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/iscsiservice"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/ontapcluster"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
	"github.com/ontap-operator/ontap-san-operator/internal/exporter"
	"github.com/ontap-operator/ontap-san-operator/internal/fleet"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/lease"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
)

// version is stamped by the linker.
var version = "dev"

// options are the flags.
type options struct {
	kubeconfig    string
	namespace     string
	election      election
	metricsAddr   string
	probeAddr     string
	pprofAddr     string
	logFormat     string
	logLevel      string
	maxConcurrent int
	selector      string
}

func newCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:           "manager",
		Short:         "Keep the iSCSI services of NetApp ONTAP arrays as ISCSIService objects say",
		Args:          cobra.NoArgs,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file; empty means the pod's service account, or $KUBECONFIG")
	flags.StringVar(&o.namespace, "operator-namespace", envOr("POD_NAMESPACE", "ontap-san-system"),
		"namespace of the operator, its Secrets and its lease; the default is $POD_NAMESPACE if set")
	o.election.addFlags(cmd)
	flags.StringVar(&o.metricsAddr, "metrics-bind-address", "0", "address of the authenticated HTTPS metrics endpoint, such as :8443; 0 turns it off")
	flags.StringVar(&o.probeAddr, "health-probe-bind-address", "0", "address of /healthz and /readyz, such as :8081; 0 turns them off")
	flags.StringVar(&o.pprofAddr, "pprof-bind-address", "0", "address of net/http/pprof, such as 127.0.0.1:6060: it authenticates no client; 0 turns it off")
	flags.StringVar(&o.logFormat, "log-format", "text", "format of the log on stderr: text or json")
	flags.StringVar(&o.logLevel, "log-level", "info", "least level that is logged: debug, info, warn or error")
	flags.IntVar(&o.maxConcurrent, "max-concurrent-reconciles", 64,
		"number of ISCSIServices, and of ISCSIMetricsQueries, that are worked on at a time; an array that hangs holds up as many as its limits.maxInFlight")
	flags.StringVar(&o.selector, "ontapcluster-selector", "",
		"label selector of the ONTAPClusters that this operator works on, such as shard=a; the others are another operator's, in a namespace of its own. "+
			"Empty selects all. The operator whose selector takes an ONTAPCluster without labels speaks of those that do not exist")
	return cmd
}

func envOr(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// run is the operator from start to signal.
func run(ctx context.Context, o options) error {
	logger, err := newLogger(o)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)

	config, err := restConfig(o.kubeconfig)
	if err != nil {
		return err
	}
	shard, err := o.shard()
	if err != nil {
		return err
	}
	held, err := o.election.lease(config, o.namespace)
	if err != nil {
		return err
	}
	mgr, err := newManager(config, o, held)
	if err != nil {
		return err
	}
	arrays, connected, changed := &fleet.Fleet{}, make(chan event.GenericEvent), make(chan event.TypedGenericEvent[trigger.Change])
	series, err := newExporter(mgr, arrays, shard)
	if err != nil {
		return fmt.Errorf("setting up the metrics: %w", err)
	}
	clusters := &ontapcluster.Reconciler{
		Client:    mgr.GetClient(),
		Live:      mgr.GetAPIReader(),
		Fleet:     arrays,
		Events:    outcome.BoundedEvents(mgr.GetEventRecorder("ontap-san-operator")),
		Connected: connected,
		Changed:   changed,
		Shard:     shard,
		Namespace: o.namespace,
		App:       "ontap-san-operator/" + version,
		Lease:     held,
	}
	if err := clusters.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the ONTAPCluster controller: %w", err)
	}
	services := &iscsiservice.Reconciler{
		Client:                  mgr.GetClient(),
		Live:                    mgr.GetAPIReader(),
		Fleet:                   arrays,
		Events:                  outcome.BoundedEvents(mgr.GetEventRecorder("ontap-san-operator")),
		Connected:               connected,
		Changed:                 changed,
		Shard:                   shard,
		DriftCorrected:          series.DriftCorrected,
		MaxConcurrentReconciles: o.maxConcurrent,
		Lease:                   held,
		WriteTimeout:            o.election.writeTimeout(),
	}
	if err := services.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the ISCSIService controller: %w", err)
	}
	queries := &iscsimetricsquery.Reconciler{
		Client:                  mgr.GetClient(),
		Live:                    mgr.GetAPIReader(),
		Fleet:                   arrays,
		Events:                  outcome.BoundedEvents(mgr.GetEventRecorder("ontap-san-operator")),
		Shard:                   shard,
		Lease:                   held,
		MaxConcurrentReconciles: o.maxConcurrent,
	}
	if err := queries.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the ISCSIMetricsQuery controller: %w", err)
	}
	logger.Info("Starting", "version", version)
	return mgr.Start(ctx)
}

func newManager(config *rest.Config, o options, held *lease.Lease) (ctrl.Manager, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	endpoint := metricsserver.Options{BindAddress: o.metricsAddr}
	if o.metricsAddr != "0" {
		endpoint.SecureServing = true
		endpoint.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	managerOptions := ctrl.Options{
		Scheme: scheme,
		Cache: cache.Options{
			DefaultTransform:            cache.TransformStripManagedFields(),
			ReaderFailOnMissingInformer: true,
			// Secrets are watched, by their metadata, in the operator's own namespace only.
			ByObject: map[client.Object]cache.ByObject{
				&corev1.Secret{}:              {Namespaces: map[string]cache.Config{o.namespace: {}}, Transform: kube.TrimSecret},
				&corev1.Namespace{}:           {Transform: kube.TrimNamespace},
				&v1alpha1.ISCSIService{}:      {Transform: kube.TrimISCSIService},
				&v1alpha1.ISCSIMetricsQuery{}: {Transform: kube.TrimISCSIMetricsQuery},
			},
		},
		Metrics:                endpoint,
		HealthProbeBindAddress: o.probeAddr,
		PprofBindAddress:       o.pprofAddr,
	}
	o.election.apply(&managerOptions, held)
	mgr, err := ctrl.NewManager(config, managerOptions)
	if err != nil {
		return nil, err
	}
	if err := watch(mgr, held); err != nil {
		return nil, err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	return mgr, mgr.AddReadyzCheck("ping", healthz.Ping)
}

// newExporter registers the operator's own series, beside those of controller-runtime.
func newExporter(mgr ctrl.Manager, arrays *fleet.Fleet, shard access.Shard) (*exporter.Exporter, error) {
	series := exporter.New(exporter.Config{
		Cache:   mgr.GetCache(),
		Fleet:   arrays,
		Elected: mgr.Elected(),
		Allowed: access.Allowed,
		Has:     shard.Has,
	})
	arrays.Observe = series.Observe
	return series, metrics.Registry.Register(series)
}

func restConfig(kubeconfig string) (*rest.Config, error) {
	load := ctrl.GetConfig
	if kubeconfig != "" {
		load = func() (*rest.Config, error) { return clientcmd.BuildConfigFromFlags("", kubeconfig) }
	}
	config, err := load()
	if err != nil {
		return nil, fmt.Errorf("--kubeconfig: %w", err)
	}
	// The API server's priority and fairness is the limit, not a guess on this side.
	config.QPS = -1
	return config, nil
}

func (o options) shard() (access.Shard, error) {
	if o.selector == "" {
		return access.Shard{}, nil
	}
	selector, err := labels.Parse(o.selector)
	if err != nil {
		return access.Shard{}, fmt.Errorf("--ontapcluster-selector: %w", err)
	}
	return access.Shard{Selector: selector}, nil
}

// logLevels are all there are: from four steps below debug on, the Kubernetes client logs the bodies of requests and
// answers, Secrets among them.
var logLevels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}

func newLogger(o options) (logr.Logger, error) {
	level, ok := logLevels[strings.ToLower(o.logLevel)]
	if !ok {
		return logr.Logger{}, fmt.Errorf("--log-level: %q is none of debug, info, warn and error", o.logLevel)
	}
	handlerOptions := &slog.HandlerOptions{Level: level}
	switch o.logFormat {
	case "text":
		return logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, handlerOptions)), nil
	case "json":
		return logr.FromSlogHandler(slog.NewJSONHandler(os.Stderr, handlerOptions)), nil
	}
	return logr.Logger{}, fmt.Errorf("--log-format: %q is neither text nor json", o.logFormat)
}
