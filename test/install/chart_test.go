package install

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// render is what `helm template` prints for the chart.
func render(ctx SpecContext, flags ...string) (string, error) {
	return helm(ctx, append([]string{"template", "ontap-san", bed.Path("dist", "chart"), "--namespace", testbed.OperatorNamespace}, flags...)...)
}

// notes are what `helm install` says at the end.
func notes(ctx SpecContext, flags ...string) string {
	GinkgoHelper()
	out, err := helm(ctx, append([]string{"install", "ontap-san", bed.Path("dist", "chart"), "--namespace", testbed.OperatorNamespace,
		"--dry-run=client"}, flags...)...)
	Expect(err).NotTo(HaveOccurred())
	_, said, found := strings.Cut(out, "\nNOTES:\n")
	Expect(found).To(BeTrue(), out)
	return said
}

func helm(ctx SpecContext, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, bed.Path("bin", "helm", "helm"), args...)
	// No cluster and nobody's own settings.
	cmd.Env = append(os.Environ(), "KUBECONFIG=/dev/null", "HELM_CACHE_HOME="+bed.Dir, "HELM_CONFIG_HOME="+bed.Dir, "HELM_DATA_HOME="+bed.Dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.New(stderr.String())
	}
	return string(out), nil
}

// rendered are the objects that the chart renders to.
func rendered(ctx SpecContext, flags ...string) map[string]unstructured.Unstructured {
	GinkgoHelper()
	out, err := render(ctx, flags...)
	Expect(err).NotTo(HaveOccurred())
	return objects(out)
}

const keepPolicy = "helm.sh/resource-policy"

var _ = Describe("The chart", func() {
	It("passes helm lint", func(ctx SpecContext) {
		out, err := helm(ctx, "lint", "--strict", bed.Path("dist", "chart"))
		Expect(err).NotTo(HaveOccurred(), out)
	})

	It("renders by default to what dist/install.yaml has, object by object", func(ctx SpecContext) {
		expected := objects(file("dist", "install.yaml"))
		delete(expected, "Namespace "+testbed.OperatorNamespace) // --create-namespace makes it
		actual := rendered(ctx)
		for key, object := range actual {
			if object.GetKind() == "CustomResourceDefinition" {
				annotations := object.GetAnnotations()
				Expect(annotations).To(HaveKeyWithValue(keepPolicy, "keep"), key)
				delete(annotations, keepPolicy)
				object.SetAnnotations(annotations)
			}
			Expect(object).To(Equal(expected[key]), key)
		}
		Expect(actual).To(HaveLen(len(expected)))
	})

	It("has the version of the image", func() {
		var chart struct{ Version, AppVersion string }
		Expect(yaml.Unmarshal([]byte(file("dist", "chart", "Chart.yaml")), &chart)).To(Succeed())
		deployment := convert[appsv1.Deployment](objects(file("dist", "install.yaml"))["Deployment "+manager])
		Expect(deployment.Spec.Template.Spec.Containers[0].Image).To(HaveSuffix(":" + chart.AppVersion))
		Expect(chart.Version).To(Equal(chart.AppVersion))
	})

	It("installs into any restricted namespace, the simulator included, and has its pods let in", func(ctx SpecContext) {
		const elsewhere = "storage-system"
		namespace(ctx, elsewhere)
		out, err := render(ctx, "--namespace", elsewhere, "--set", "simulator.enabled=true")
		Expect(err).NotTo(HaveOccurred())
		Expect(out).NotTo(ContainSubstring(testbed.OperatorNamespace))
		Expect(apply(ctx, out)).To(Succeed())
		awaitCRDs(ctx)
		deployments := 0
		for _, object := range objects(out) {
			if object.GetKind() == "Deployment" {
				deployments++
				Expect(admit(ctx, pod(convert[appsv1.Deployment](object)))).To(Succeed())
			}
		}
		Expect(deployments).To(Equal(2))
		Expect(kubectl(ctx, "auth", "can-i", "get", "secrets", "--namespace", elsewhere,
			"--as", "system:serviceaccount:"+elsewhere+":"+testbed.OperatorServiceAccount)).To(Equal("yes\n"))
	})

	It("is accepted with every value set", func(ctx SpecContext) {
		Expect(apply(ctx, file("dist", "install.yaml"))).To(Succeed())
		out, err := render(ctx, "--values", bed.Path("test", "install", "testdata", "values-all.yaml"))
		Expect(err).NotTo(HaveOccurred())
		Expect(apply(ctx, out, "--dry-run=server")).To(Succeed())
		deployment := convert[appsv1.Deployment](objects(out)["Deployment "+manager])
		Expect(admit(ctx, pod(deployment))).To(Succeed())
		expectCareful(ctx, deployment, "manager")
	})

	It("has in that file each of its values", func() {
		all := map[string]any{}
		Expect(yaml.Unmarshal([]byte(file("test", "install", "testdata", "values-all.yaml")), &all)).To(Succeed())
		defaults := map[string]any{}
		Expect(yaml.Unmarshal([]byte(file("dist", "chart", "values.yaml")), &defaults)).To(Succeed())
		Expect(keys("", all, defaults)).To(ConsistOf(keys("", defaults, defaults)))
	})

	It("tells the next command, which the API server accepts", func(ctx SpecContext) {
		Expect(apply(ctx, file("dist", "install.yaml"))).To(Succeed())
		awaitCRDs(ctx)
		kubectl(ctx, "apply", "-f", bed.Path("config", "samples", "namespace.yaml"))
		Expect(apply(ctx, heredoc(notes(ctx, "--set", "simulator.enabled=true")), "--dry-run=server")).To(Succeed())

		said := notes(ctx)
		fingerprint := strings.Repeat("00:", 31) + "00"
		own := strings.NewReplacer("ADDRESS", "ontap.example.com", "FINGERPRINT", fingerprint, "[NAMESPACE]", "[team-a]").Replace(heredoc(said))
		Expect(apply(ctx, own, "--dry-run=server")).To(Succeed())
		Expect(said).To(ContainSubstring("networkPolicy.arrays narrows that to yours"))
	})

	It("says when no array can be reached", func(ctx SpecContext) {
		Expect(notes(ctx, "--set", "networkPolicy.arrays=null")).To(ContainSubstring("No array can be reached yet"))
	})

	It("starts the simulator with flags that it knows", func(ctx SpecContext) {
		out := rendered(ctx, "--set", "simulator.enabled=true")
		expectCareful(ctx, convert[appsv1.Deployment](out["Deployment ontap-san-simulator"]), "ontap-simulator")
		scenario, _, err := unstructured.NestedString(out["ConfigMap ontap-san-simulator"].Object, "data", "scenario.yaml")
		Expect(err).NotTo(HaveOccurred())
		array, err := bed.StartSimulator(ctx, scenario)
		Expect(err).NotTo(HaveOccurred())
		Expect(array.SVM(ctx, "team-a-orders")).To(HaveField("Service", BeNil()))
		Expect(array.SVM(ctx, "team-a-archive")).NotTo(HaveField("Service", BeNil()))
		Expect(array.Stop()).To(Succeed())
	})

	It("has monitoring only when asked, and then that of config/prometheus", func(ctx SpecContext) {
		monitoring := objects(kubectl(ctx, "kustomize", bed.Path("config", "prometheus")))
		plain := rendered(ctx)
		all := rendered(ctx, "--set", "metrics.serviceMonitor.enabled=true",
			"--set", "metrics.rules.enabled=true", "--set", "metrics.dashboard.enabled=true")
		for key := range plain {
			delete(all, key)
		}
		Expect(all).To(Equal(monitoring))
	})

	It("has monitoring that the Prometheus Operator's CRDs accept", func(ctx SpecContext) {
		crds := filepath.Join(bed.Dir, "monitoring")
		generate := exec.CommandContext(ctx, "go", "tool", "-modfile=../hack/tools/controller-gen/go.mod", "controller-gen", "crd",
			"paths="+reflect.TypeFor[monitoringv1.ServiceMonitor]().PkgPath(), "output:crd:dir="+crds)
		generate.Dir = bed.Path("test")
		out, err := generate.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "%s", out)
		for _, kind := range []string{"servicemonitors", "prometheusrules"} {
			kubectl(ctx, "apply", "--server-side", "-f", filepath.Join(crds, "monitoring.coreos.com_"+kind+".yaml"))
			kubectl(ctx, "wait", "--for=condition=Established", "--timeout=60s", "crd/"+kind+".monitoring.coreos.com")
		}
		Expect(apply(ctx, file("dist", "install.yaml"))).To(Succeed()) // for its namespace
		manifest := kubectl(ctx, "kustomize", bed.Path("config", "prometheus"))
		Expect(apply(ctx, manifest, "--dry-run=server")).To(Succeed())
	})
})

// keys are the paths of the values of a chart; what the defaults have as an empty map may have any keys.
func keys(prefix string, values, defaults map[string]any) []string {
	var found []string
	for key, value := range values {
		path := prefix + "." + key
		within, _ := defaults[key].(map[string]any)
		if nested, ok := value.(map[string]any); ok && len(within) > 0 && path != ".resources" {
			found = append(found, keys(path, nested, within)...)
			continue
		}
		found = append(found, path)
	}
	return found
}

var heredocs = regexp.MustCompile(`(?s)<<'EOF'\n(.*?)\n  EOF\n`)

// heredoc is what notes have kubectl apply.
func heredoc(notes string) string {
	GinkgoHelper()
	found := heredocs.FindStringSubmatch(notes)
	Expect(found).NotTo(BeNil(), notes)
	return strings.ReplaceAll("\n"+found[1], "\n  ", "\n")
}
