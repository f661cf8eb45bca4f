package install

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// render runs Helm's template engine over the chart, with flags of hack/tools/dist.
func render(ctx SpecContext, flags ...string) (string, error) {
	cmd := exec.CommandContext(ctx, distTool, slices.Concat([]string{"template"}, flags, []string{bed.Path("dist", "chart")})...)
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
		out, err := exec.CommandContext(ctx, distTool, "lint", bed.Path("dist", "chart")).CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "%s", out)
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

	It("installs into any restricted namespace, stand-in array included, and has its pods let in", func(ctx SpecContext) {
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
		notes, err := render(ctx, "--notes", "--set", "simulator.enabled=true")
		Expect(err).NotTo(HaveOccurred())
		Expect(apply(ctx, heredoc(notes), "--dry-run=server")).To(Succeed())

		notes, err = render(ctx, "--notes")
		Expect(err).NotTo(HaveOccurred())
		fingerprint := strings.Repeat("00:", 31) + "00"
		own := strings.NewReplacer("ADDRESS", "ontap.example.com", "FINGERPRINT", fingerprint, "[NAMESPACE]", "[team-a]").Replace(heredoc(notes))
		Expect(apply(ctx, own, "--dry-run=server")).To(Succeed())
		Expect(notes).To(ContainSubstring("networkPolicy.arrays narrows that to yours"))
	})

	It("says when no array can be reached", func(ctx SpecContext) {
		notes, err := render(ctx, "--notes", "--set", "networkPolicy.arrays=null")
		Expect(err).NotTo(HaveOccurred())
		Expect(notes).To(ContainSubstring("No array can be reached yet"))
	})

	It("describes a stand-in array that the simulator can be, with flags that it knows", func(ctx SpecContext) {
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
		monitoring := map[string]unstructured.Unstructured{}
		if _, err := os.Stat(bed.Path("config", "prometheus")); err == nil {
			monitoring = objects(kubectl(ctx, "kustomize", bed.Path("config", "prometheus")))
		}
		plain := rendered(ctx)
		all := rendered(ctx, "--set", "metrics.serviceMonitor.enabled=true",
			"--set", "metrics.rules.enabled=true", "--set", "metrics.dashboard.enabled=true")
		for key := range plain {
			delete(all, key)
		}
		Expect(all).To(Equal(monitoring))
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
