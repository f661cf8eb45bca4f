// Package prometheus has a real Prometheus scrape the real operator, as config/prometheus and docs/metrics.md say, and
// checks the alerts with promtool.
package prometheus

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/ontap-operator/ontap-san-operator/test/suite"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// The programs that all cases share.
var (
	bed        *testbed.Bed
	cluster    *testbed.ControlPlane
	array      *testbed.Simulator
	prometheus *testbed.Prometheus
	// metricsURL is the operator's endpoint, and profilesURL that of its profiles.
	metricsURL, profilesURL string
)

func TestPrometheus(t *testing.T) { suite.Run(t, "Prometheus") }

var _ = BeforeSuite(func(ctx SpecContext) {
	bed = suite.NewBed()
	var identity *testbed.User
	cluster, identity = suite.Installed(ctx, bed)
	metrics, err := testbed.FreeAddress()
	Expect(err).NotTo(HaveOccurred())
	profiles, err := testbed.FreeAddress()
	Expect(err).NotTo(HaveOccurred())
	metricsURL, profilesURL = "https://"+metrics+"/metrics", "http://"+profiles+"/debug/pprof/cmdline"
	_, err = bed.StartOperator(ctx, identity.Kubeconfig, "--metrics-bind-address", metrics, "--leader-elect", "--pprof-bind-address", profiles)
	Expect(err).NotTo(HaveOccurred())

	scenario, err := os.ReadFile(bed.Path("test", "demo", "scenario.yaml"))
	Expect(err).NotTo(HaveOccurred())
	array, err = bed.StartSimulator(ctx, string(scenario))
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.ApplySamples(ctx, array)).To(Succeed())
	kubectl(ctx, "patch", "ontapcluster", "default", "--type=merge", "-p", `{"spec":{"pollInterval":"1s"}}`)
	kubectl(ctx, "-n", testbed.SamplesNamespace, "wait", "--for=condition=Ready", "--timeout=60s", "iscsisvc", "--all")

	Expect(os.WriteFile(filepath.Join(bed.Dir, "rules.yaml"), rules(), 0o600)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(bed.Dir, "token"), []byte(scraper(ctx)), 0o600)).To(Succeed())
	prometheus, err = bed.StartPrometheus(ctx, fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
- job_name: ontap-san
  scheme: https
  authorization: {credentials_file: token}
  tls_config: {insecure_skip_verify: true}
  honor_labels: true
  static_configs:
  - targets: [%q]
    # What a ServiceMonitor adds.
    labels: {namespace: %s, service: ontap-san-controller-manager-metrics}
`, metrics, testbed.OperatorNamespace))
	Expect(err).NotTo(HaveOccurred())
})

// scraper makes the account that config/prometheus has for Prometheus, and returns its token.
func scraper(ctx SpecContext) string {
	GinkgoHelper()
	const namespace = "--namespace=" + testbed.OperatorNamespace
	kubectl(ctx, "apply", namespace, "-f", bed.Path("config", "prometheus", "scraper.yaml"))
	kubectl(ctx, "wait", namespace, "--for=jsonpath={.data.token}", "--timeout=30s", "secret/ontap-san-metrics-scraper")
	token, err := base64.StdEncoding.DecodeString(kubectl(ctx, "get", namespace, "secret/ontap-san-metrics-scraper", "-o", "jsonpath={.data.token}"))
	Expect(err).NotTo(HaveOccurred())
	return string(token)
}

// reader makes a service account that may read the metrics, and returns a token of it.
func reader(ctx SpecContext, name string) string {
	GinkgoHelper()
	token := account(ctx, name)
	kubectl(ctx, "create", "clusterrolebinding", name, "--clusterrole=ontap-san-metrics-reader", "--serviceaccount=default:"+name)
	return token
}

// account makes a service account and returns a token of it.
func account(ctx SpecContext, name string) string {
	GinkgoHelper()
	kubectl(ctx, "create", "serviceaccount", name)
	return kubectl(ctx, "create", "token", name)
}

// kubectl runs kubectl as the administrator and expects it to succeed.
func kubectl(ctx SpecContext, args ...string) string {
	GinkgoHelper()
	return suite.Kubectl(ctx, cluster, args...)
}

// rules is what config/prometheus has for the Prometheus Operator, as a rule file.
func rules() []byte {
	GinkgoHelper()
	file, err := os.ReadFile(bed.Path("config", "prometheus", "prometheusrule.yaml"))
	Expect(err).NotTo(HaveOccurred())
	var rule struct {
		Spec any `json:"spec"`
	}
	Expect(yaml.Unmarshal(file, &rule)).To(Succeed())
	spec, err := yaml.Marshal(rule.Spec)
	Expect(err).NotTo(HaveOccurred())
	return spec
}
