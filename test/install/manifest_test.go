package install

import (
	"encoding/json"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

const manager = "ontap-san-controller-manager"

var _ = Describe("dist/install.yaml", func() {
	It("is what kubectl makes of config/default", func(ctx SpecContext) {
		installed := objects(file("dist", "install.yaml"))
		Expect(installed).To(Equal(objects(kubectl(ctx, "kustomize", bed.Path("config", "default")))))
		Expect(installed).To(HaveKey("Deployment " + manager))
	})

	It("is accepted as it is, and a second time changes nothing", func(ctx SpecContext) {
		Expect(apply(ctx, file("dist", "install.yaml"))).To(Succeed())
		awaitCRDs(ctx)
		again := kubectl(ctx, "apply", "--validate=strict", "-f", bed.Path("dist", "install.yaml"))
		for line := range strings.Lines(again) {
			// kubectl always sends the selector of this one again.
			if !strings.HasPrefix(line, "poddisruptionbudget.policy/") {
				Expect(line).To(HaveSuffix(" unchanged\n"))
			}
		}
	})

	It("would not be accepted with a field that does not exist", func(ctx SpecContext) {
		manifest := strings.Replace(file("dist", "install.yaml"), "  replicas: 2\n", "  replicas: 2\n  replicaz: 2\n", 1)
		Expect(apply(ctx, manifest, "--dry-run=server")).To(MatchError(ContainSubstring(`unknown field "spec.replicaz"`)))
	})

	It("has the samples accepted, too", func(ctx SpecContext) {
		Expect(apply(ctx, file("dist", "install.yaml"))).To(Succeed())
		awaitCRDs(ctx)
		kubectl(ctx, "apply", "--validate=strict", "--warnings-as-errors", "--dry-run=server",
			"-f", bed.Path("config", "samples", "ontapcluster.yaml"), "-f", bed.Path("config", "samples", "secret.yaml"))
	})

	It("runs two replicas of which one may be evicted at a time, and one works", func() {
		installed := objects(file("dist", "install.yaml"))
		deployment := convert[appsv1.Deployment](installed["Deployment "+manager])
		Expect(deployment.Spec.Replicas).To(HaveValue(BeEquivalentTo(2)))
		Expect(deployment.Spec.Template.Spec.Containers[0].Args).To(ContainElement("--leader-elect"))
		pod := labels.Set(deployment.Spec.Template.Labels)
		for _, selector := range []*metav1.LabelSelector{
			deployment.Spec.Selector,
			convert[policyv1.PodDisruptionBudget](installed["PodDisruptionBudget "+manager]).Spec.Selector,
			new(convert[networkingv1.NetworkPolicy](installed["NetworkPolicy "+manager]).Spec.PodSelector),
			{MatchLabels: convert[corev1.Service](installed["Service "+manager+"-metrics"]).Spec.Selector},
		} {
			matches, err := metav1.LabelSelectorAsSelector(selector)
			Expect(err).NotTo(HaveOccurred())
			Expect(matches.Empty()).To(BeFalse())
			Expect(matches.Matches(pod)).To(BeTrue(), "%s", matches)
		}
	})

	It("gives the program a read-only root, probes, limits and only flags that it knows", func(ctx SpecContext) {
		expectCareful(ctx, convert[appsv1.Deployment](objects(file("dist", "install.yaml"))["Deployment "+manager]), "manager")
	})

	It("names no registry", func() {
		deployment := convert[appsv1.Deployment](objects(file("dist", "install.yaml"))["Deployment "+manager])
		Expect(deployment.Spec.Template.Spec.Containers[0].Image).To(MatchRegexp(`^ontap-san-operator:\d+\.\d+\.\d+`))
	})
})

// expectCareful holds a Deployment of one container against what Pod Security does not ask for.
func expectCareful(ctx SpecContext, deployment appsv1.Deployment, program string) {
	GinkgoHelper()
	container := deployment.Spec.Template.Spec.Containers[0]
	Expect(container.SecurityContext.ReadOnlyRootFilesystem).To(HaveValue(BeTrue()))
	Expect(container.Resources.Limits).To(HaveKey(corev1.ResourceMemory))
	Expect(container.Resources.Limits).To(HaveKey(corev1.ResourceCPU))
	Expect(container.LivenessProbe).NotTo(BeNil())
	Expect(container.ReadinessProbe).NotTo(BeNil())
	out, err := exec.CommandContext(ctx, bed.Path("bin", program), append(container.Args, "--help")...).CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", out)
}

// pod is a pod as the Deployment's controller would make it.
func pod(deployment appsv1.Deployment) corev1.Pod {
	return corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Name: deployment.Name, Namespace: deployment.Namespace,
			Labels: deployment.Spec.Template.Labels, Annotations: deployment.Spec.Template.Annotations,
		},
		Spec: deployment.Spec.Template.Spec,
	}
}

// admit asks the API server whether it would let a pod in.
func admit(ctx SpecContext, p corev1.Pod) error {
	GinkgoHelper()
	text, err := json.Marshal(p)
	Expect(err).NotTo(HaveOccurred())
	_, err = cluster.Kubectl(ctx, string(text), "create", "--dry-run=server", "--validate=strict", "-f", "-")
	return err
}

var _ = Describe("Pod Security", func() {
	var deployment appsv1.Deployment
	BeforeEach(func(ctx SpecContext) {
		manifest := file("dist", "install.yaml")
		Expect(apply(ctx, manifest)).To(Succeed())
		deployment = convert[appsv1.Deployment](objects(manifest)["Deployment "+manager])
		var namespace unstructured.Unstructured
		Expect(json.Unmarshal([]byte(kubectl(ctx, "get", "namespace", testbed.OperatorNamespace, "-o", "json")), &namespace)).To(Succeed())
		Expect(namespace.GetLabels()).To(HaveKeyWithValue("pod-security.kubernetes.io/enforce", "restricted"))
	})

	It("lets the operator's pods in where it is restricted", func(ctx SpecContext) {
		Expect(admit(ctx, pod(deployment))).To(Succeed())
	})

	DescribeTable("does not let in a pod that", func(ctx SpecContext, loosen func(*corev1.PodSpec, *corev1.SecurityContext)) {
		p := pod(deployment)
		loosen(&p.Spec, p.Spec.Containers[0].SecurityContext)
		Expect(admit(ctx, p)).To(MatchError(ContainSubstring(`violates PodSecurity "restricted:`)))
	},
		Entry("is privileged", func(_ *corev1.PodSpec, c *corev1.SecurityContext) {
			c.Privileged, c.AllowPrivilegeEscalation = new(true), nil
		}),
		Entry("may run as root", func(p *corev1.PodSpec, _ *corev1.SecurityContext) { p.SecurityContext.RunAsNonRoot = nil }),
		Entry("may gain privileges", func(_ *corev1.PodSpec, c *corev1.SecurityContext) { c.AllowPrivilegeEscalation = nil }),
		Entry("keeps capabilities", func(_ *corev1.PodSpec, c *corev1.SecurityContext) { c.Capabilities = nil }),
		Entry("may make any system call", func(p *corev1.PodSpec, _ *corev1.SecurityContext) { p.SecurityContext.SeccompProfile = nil }),
		Entry("has the node's network", func(p *corev1.PodSpec, _ *corev1.SecurityContext) { p.HostNetwork = true }),
	)

	It("warns of a Deployment whose pods it would not let in", func(ctx SpecContext) {
		manifest := strings.Replace(file("dist", "install.yaml"), "runAsNonRoot: true", "runAsNonRoot: false", 1)
		Expect(apply(ctx, manifest, "--dry-run=server")).To(MatchError(ContainSubstring("would violate PodSecurity")))
	})
})
