package install

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

var _ = Describe("A value of the chart", func() {
	managerOf := func(ctx SpecContext, set ...string) appsv1.Deployment {
		GinkgoHelper()
		return convert[appsv1.Deployment](rendered(ctx, sets(set)...)["Deployment "+manager])
	}
	container := func(ctx SpecContext, set ...string) corev1.Container {
		GinkgoHelper()
		return managerOf(ctx, set...).Spec.Template.Spec.Containers[0]
	}

	DescribeTable("names the image", func(ctx SpecContext, image string, set ...string) {
		Expect(container(ctx, set...).Image).To(Equal(image))
	},
		Entry("of a registry", "registry.example.com/storage/ontap-san-operator:1.2.3", "image.registry=registry.example.com/storage", "image.tag=1.2.3"),
		Entry("by its digest, whatever the tag", "ontap-san-operator@"+digest, "image.digest="+digest, "image.tag=1.2.3"),
		Entry("by another name", "san:1.2.3", "image.repository=san", "image.tag=1.2.3"),
	)

	It("names the simulator's image, too", func(ctx SpecContext) {
		out := rendered(ctx, sets([]string{"simulator.enabled=true", "simulator.image.registry=r.example.com", "simulator.image.digest=" + digest})...)
		simulator := convert[appsv1.Deployment](out["Deployment ontap-san-simulator"])
		Expect(simulator.Spec.Template.Spec.Containers[0].Image).To(Equal("r.example.com/ontap-simulator@" + digest))
	})

	It("has the simulator's image come from the operator's registry, if it names none", func(ctx SpecContext) {
		out := rendered(ctx, sets([]string{"simulator.enabled=true", "image.registry=r.example.com", "simulator.image.tag=1.2.3"})...)
		simulator := convert[appsv1.Deployment](out["Deployment ontap-san-simulator"])
		Expect(simulator.Spec.Template.Spec.Containers[0].Image).To(Equal("r.example.com/ontap-simulator:1.2.3"))
	})

	It("can switch the chart as a dependency of another one", func(ctx SpecContext) {
		Expect(rendered(ctx, "--set", "enabled=true", "--set", "global.anything=1")).To(HaveLen(len(rendered(ctx))))
	})

	It("decides the number of replicas, the log level and further arguments", func(ctx SpecContext) {
		deployment := managerOf(ctx, "replicas=1", "logLevel=debug", "extraArgs={--max-concurrent-reconciles=4}")
		Expect(deployment.Spec.Replicas).To(HaveValue(BeEquivalentTo(1)))
		Expect(deployment.Spec.Template.Spec.Containers[0].Args).To(ContainElements("--leader-elect", "--log-level=debug", "--max-concurrent-reconciles=4"))
	})

	It("leaves the CRDs out, or lets them go with the release", func(ctx SpecContext) {
		without := rendered(ctx, sets([]string{"crds.enabled=false"})...)
		Expect(without).To(HaveKey("Deployment " + manager))
		for _, object := range without {
			Expect(object.GetKind()).NotTo(Equal("CustomResourceDefinition"))
		}
		crd := rendered(ctx, sets([]string{"crds.keep=false"})...)["CustomResourceDefinition iscsiservices.san.ontap-operator.io"]
		Expect(crd.Object).NotTo(BeEmpty())
		Expect(crd.GetAnnotations()).To(HaveLen(1), "nothing else keeps it: %v", crd.GetAnnotations())
	})

	DescribeTable("leaves out", func(ctx SpecContext, key, set string) {
		Expect(rendered(ctx)).To(HaveKey(key))
		Expect(rendered(ctx, "--set", set)).NotTo(HaveKey(key))
	},
		Entry("the network policy", "NetworkPolicy "+manager, "networkPolicy.enabled=false"),
		Entry("the disruption budget", "PodDisruptionBudget "+manager, "podDisruptionBudget.enabled=false"),
	)

	DescribeTable("has the network policy let through", func(ctx SpecContext, expected []string, set ...string) {
		policy := convert[networkingv1.NetworkPolicy](rendered(ctx, sets(set)...)["NetworkPolicy "+manager])
		Expect(policy.Spec.PolicyTypes).To(ConsistOf(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress))
		Expect(routes(policy)).To(ConsistOf(expected))
	},
		Entry("DNS, the API server and private addresses, by default",
			[]string{"anywhere 53", "anywhere 5353", "anywhere 6443", "10.0.0.0/8 443", "172.16.0.0/12 443", "192.168.0.0/16 443", "fc00::/7 443"}),
		Entry("the arrays that are listed, and no others",
			[]string{"anywhere 53", "anywhere 5353", "anywhere 6443", "192.0.2.0/28 443"}, "networkPolicy.arrays={192.0.2.0/28}"),
		Entry("an API server at another port",
			[]string{"anywhere 53", "anywhere 5353", "anywhere 443", "anywhere 8443", "192.0.2.0/28 443"},
			"networkPolicy.arrays={192.0.2.0/28}", "networkPolicy.apiServerPorts={443,8443}"),
		Entry("no array, if none is listed", []string{"anywhere 53", "anywhere 5353", "anywhere 6443"}, "networkPolicy.arrays=null"),
		Entry("the simulator",
			[]string{"anywhere 53", "anywhere 5353", "anywhere 6443", "simulator api"}, "networkPolicy.arrays=null", "simulator.enabled=true"),
	)

	DescribeTable("is refused if", func(ctx SpecContext, set, message string) {
		_, err := render(ctx, "--set", set)
		Expect(err).To(MatchError(ContainSubstring(message)))
	},
		Entry("there is no such value", "replicaCount=3", "replicaCount"),
		Entry("nor within another", "networkPolicy.cidrs={192.0.2.0/28}", "cidrs"),
		Entry("it has the wrong type", "replicas=two", "replicas"),
		Entry("it is not a digest", "image.digest=latest", "digest"),
		Entry("it is not a range of addresses", "networkPolicy.arrays={ontap.example.com}", "arrays"),
		Entry("a rule without ports would allow them all", "networkPolicy.apiServerPorts=null", "apiServerPorts"),
		Entry("there is no such log level", "logLevel=verbose", "logLevel"),
		Entry("there has to be one", "replicas=null", "replicas"),
		Entry("the operator is known by it", "podLabels.app\\.kubernetes\\.io/name=mine", "app.kubernetes.io/name"),
	)
})

// sets are the flags that set values.
func sets(values []string) []string {
	var flags []string
	for _, value := range values {
		flags = append(flags, "--set", value)
	}
	return flags
}

// routes are where a policy lets pods go: a range, the component of a pod or anywhere, and a port.
func routes(policy networkingv1.NetworkPolicy) []string {
	found := map[string]bool{}
	for _, rule := range policy.Spec.Egress {
		to := destinations(rule)
		if len(rule.Ports) == 0 {
			found[strings.Join(to, " ")+" any"] = true
		}
		for _, port := range rule.Ports {
			for _, peer := range to {
				found[peer+" "+portName(port.Port)] = true
			}
		}
	}
	var all []string
	for route := range found {
		all = append(all, route)
	}
	return all
}

// destinations are where a rule lets pods go, without the port.
func destinations(rule networkingv1.NetworkPolicyEgressRule) []string {
	if len(rule.To) == 0 {
		return []string{"anywhere"}
	}
	var to []string
	for _, peer := range rule.To {
		if peer.IPBlock != nil {
			to = append(to, peer.IPBlock.CIDR)
		} else {
			to = append(to, peer.PodSelector.MatchLabels["app.kubernetes.io/component"])
		}
	}
	return to
}

func portName(port *intstr.IntOrString) string {
	if port == nil {
		return "any"
	}
	return port.String()
}
