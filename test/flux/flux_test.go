package flux

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

const servicesPath = "/api/protocols/san/iscsi/services"

var _ = Describe("A team's repository", Ordered, func() {
	const team = "team-a"
	var (
		array    *testbed.Simulator
		pages    map[string]string
		platform repository
		teams    repository
		orders   map[string]string
	)
	get := func(ctx SpecContext, name string) *v1alpha1.ISCSIService {
		GinkgoHelper()
		service := &v1alpha1.ISCSIService{}
		Expect(reader.Get(ctx, client.ObjectKey{Namespace: team, Name: name}, service)).To(Succeed())
		return service
	}
	on := func(ctx SpecContext, svm string) *testbed.SVMService {
		GinkgoHelper()
		found, err := array.SVM(ctx, svm)
		Expect(err).NotTo(HaveOccurred())
		return found.Service
	}

	BeforeAll(func(ctx SpecContext) {
		array = startArray(ctx, "demo", "team-a-orders", "team-b-orders")
		Expect(array.CreateSVM(ctx, testbed.SVM{Name: "team-a-archive", State: "running", ISCSI: testbed.ISCSI{Allowed: true},
			Service: &testbed.SVMService{Enabled: new(true)}})).To(Succeed())
		pages = documented()
		pages["platform/array.yaml"] = strings.Replace(pages["platform/array.yaml"], "endpoint: https://ontap.example.com\n", reach(array), 1)
		pages["platform/credentials.yaml"] = strings.Replace(pages["platform/credentials.yaml"], "endpoints: https://ontap.example.com\n", "endpoints: "+array.URL+"\n", 1)
		orders = map[string]string{"team-a/orders.yaml": pages["team-a/orders.yaml"]}
		platform = newRepository(ctx, testbed.FluxNamespace, "platform")
	})

	It("is given to the team by the platform's, when the operator is there", func(ctx SpecContext) {
		install, err := os.ReadFile(bed.Path("dist", "install.yaml"))
		Expect(err).NotTo(HaveOccurred())
		pages["operator/install.yaml"] = string(install)
		revision := platform.push(ctx, pages)
		apply(ctx, pages["clusters/production/storage.yaml"])
		Eventually(status).WithContext(ctx).WithArguments(testbed.FluxNamespace, "storage").Should(HaveField("Reason", "DependencyNotReady"))
		apply(ctx, pages["clusters/production/operator.yaml"])
		Eventually(status).WithContext(ctx).WithArguments(testbed.FluxNamespace, "ontap-san-operator").
			Should(HaveField("Reconciling", ContainSubstring("health checks")), "there are no nodes, and therefore no pods")
		// What the kubelets and the Deployment's controller would say.
		kubectl(ctx, "-n", testbed.OperatorNamespace, "patch", "deployment", "ontap-san-controller-manager", "--subresource=status", "--type=merge", "-p",
			`{"status":{"observedGeneration":1,"replicas":2,"updatedReplicas":2,"readyReplicas":2,"availableReplicas":2,"conditions":[`+
				`{"type":"Available","status":"True","reason":"MinimumReplicasAvailable"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}`)
		Eventually(status).WithContext(ctx).WithArguments(testbed.FluxNamespace, "ontap-san-operator").Should(beAppliedAt(revision))
		Eventually(status).WithContext(ctx).WithArguments(testbed.FluxNamespace, "storage").Should(beAppliedAt(revision))
		connected := &v1alpha1.ONTAPCluster{}
		Expect(reader.Get(ctx, client.ObjectKey{Name: "default"}, connected)).To(Succeed())
		Expect(meta.IsStatusConditionTrue(connected.Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue(), "it was waited for")
	})

	It("is applied when the array has what it asks for, and not before", func(ctx SpecContext) {
		_, err := array.InjectFault(ctx, testbed.Fault{
			Match: testbed.Match{Method: http.MethodPost, Path: servicesPath}, Status: 503, Code: "262160", RetryAfter: "1",
		})
		Expect(err).NotTo(HaveOccurred())
		teams = newRepository(ctx, team, team)
		revision := teams.push(ctx, orders)
		Eventually(func() []string { return writes(ctx, array) }).Should(Not(BeEmpty()), "it is tried")
		Eventually(status).WithContext(ctx).WithArguments(team, team).Should(HaveField("Reconciling", ContainSubstring("health checks")))
		Expect(status(ctx, team, team).Applied).To(BeEmpty())

		Expect(array.ClearFaults(ctx)).To(Succeed())
		Eventually(status).WithContext(ctx).WithArguments(team, team).Should(beAppliedAt(revision))
		Expect(meta.IsStatusConditionTrue(get(ctx, "orders").Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue())
		Expect(*on(ctx, "team-a-orders").Alias).To(Equal("orders"))
	})

	It("changes nothing when it is applied again", func(ctx SpecContext) {
		// Its first sample is written once, whenever the array has one.
		Eventually(func() bool {
			return meta.IsStatusConditionTrue(get(ctx, "orders").Status.Conditions, v1alpha1.ConditionMetricsAvailable)
		}).Should(BeTrue())
		Expect(array.ClearJournal(ctx)).To(Succeed())
		before := get(ctx, "orders").ResourceVersion
		kubectl(ctx, "-n", team, "annotate", "kustomization", team, "reconcile.fluxcd.io/requestedAt=again")
		Eventually(status).WithContext(ctx).WithArguments(team, team).Should(And(HaveField("Handled", "again"), HaveField("Ready", "True")))
		orders["README.md"] = "# What team A stores"
		revision := teams.push(ctx, orders)
		Eventually(status).WithContext(ctx).WithArguments(team, team).Should(beAppliedAt(revision))
		Expect(get(ctx, "orders").ResourceVersion).To(Equal(before))
		Expect(writes(ctx, array)).To(BeEmpty())
	})

	DescribeTable("fails at once on what cannot be", func(ctx SpecContext, svm string, reason string) {
		wrong := map[string]string{"team-a/wrong.yaml": strings.NewReplacer("orders", "wrong", "team-a-orders", svm).Replace(pages["team-a/orders.yaml"])}
		for name, content := range orders {
			wrong[name] = content
		}
		revision := teams.push(ctx, wrong)
		// spec.timeout is five minutes.
		Eventually(status).WithContext(ctx).WithArguments(team, team).Should(And(
			HaveField("Attempted", revision), HaveField("Ready", "False"), HaveField("Reason", "HealthCheckFailed"),
			HaveField("Message", And(ContainSubstring("failed early due to stalled resources"), ContainSubstring("ISCSIService/team-a/wrong")))))
		Expect(meta.FindStatusCondition(get(ctx, "wrong").Status.Conditions, v1alpha1.ConditionStalled).Reason).To(Equal(reason))

		revision = teams.push(ctx, orders)
		Eventually(status).WithContext(ctx).WithArguments(team, team).Should(beAppliedAt(revision))
	},
		Entry("an SVM that does not exist", "team-a-ordres", v1alpha1.ReasonSVMNotFound),
		Entry("an SVM of another team", "team-b-orders", v1alpha1.ReasonAccessDenied),
	)

	It("waits while the Kustomization is suspended, and the operator does not", func(ctx SpecContext) {
		kubectl(ctx, "-n", team, "patch", "kustomization", team, "--type=merge", "-p", `{"spec":{"suspend":true}}`)
		orders["team-a/orders.yaml"] = strings.Replace(pages["team-a/orders.yaml"], "alias: orders", "alias: orders-v2", 1)
		revision := teams.push(ctx, orders)
		Expect(array.ChangeService(ctx, "team-a-orders", testbed.SVMService{Alias: new("drifted")})).To(Succeed())
		Eventually(func() string { return *on(ctx, "team-a-orders").Alias }).Should(Equal("orders"))
		Expect(status(ctx, team, team).Attempted).NotTo(Equal(revision))

		kubectl(ctx, "-n", team, "patch", "kustomization", team, "--type=merge", "-p", `{"spec":{"suspend":false}}`)
		Eventually(status).WithContext(ctx).WithArguments(team, team).Should(beAppliedAt(revision))
		Expect(*on(ctx, "team-a-orders").Alias).To(Equal("orders-v2"))
	})

	It("deletes on the array what it no longer has", func(ctx SpecContext) {
		archive := map[string]string{"team-a/archive.yaml": strings.NewReplacer("team-a-orders", "team-a-archive", "orders", "archive").Replace(pages["team-a/orders.yaml"])}
		revision := teams.push(ctx, archive)
		Eventually(status).WithContext(ctx).WithArguments(team, team).Should(beAppliedAt(revision))
		Eventually(func() *testbed.SVMService { return on(ctx, "team-a-orders") }).Should(BeNil())
		Expect(writes(ctx, array)).To(ContainElements(`PATCH {"enabled":false}`, "DELETE"))
		Expect(get(ctx, "archive").Status.Origin).To(Equal(v1alpha1.OriginAdopted))
	})

	It("leaves on the array what it did not create", func(ctx SpecContext) {
		kubectl(ctx, "-n", team, "delete", "kustomization", team, "--timeout=60s")
		kubectl(ctx, "-n", team, "wait", "--for=delete", "iscsisvc/archive", "--timeout=60s")
		Expect(on(ctx, "team-a-archive")).NotTo(BeNil())
	})
})

var _ = Describe("The folder of the operator", func() {
	It("can go without the CRDs, which all services would go with", func(ctx SpecContext) {
		newRepository(ctx, testbed.FluxNamespace, "crds").push(ctx, map[string]string{"crds.yaml": kubectl(ctx, "kustomize", bed.Path("config", "crd"))})
		apply(ctx, "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: crds, namespace: "+testbed.FluxNamespace+"}\n"+
			"spec: {sourceRef: {kind: GitRepository, name: crds}, path: ./, interval: 10m, prune: true, wait: true}")
		Eventually(status).WithContext(ctx).WithArguments(testbed.FluxNamespace, "crds").Should(HaveField("Ready", "True"))
		kubectl(ctx, "-n", testbed.FluxNamespace, "delete", "kustomization", "crds", "--timeout=60s")
		for _, kind := range []string{"iscsimetricsqueries", "iscsiservices", "ontapclusters"} {
			Expect(kubectl(ctx, "get", "crd", kind+".san.ontap-operator.io", "-o", "jsonpath={.metadata.deletionTimestamp}")).To(BeEmpty())
		}
	})
})

var _ = Describe("What belongs together", func() {
	DescribeTable("ends Ready in any order", func(ctx SpecContext, name string, order ...string) {
		array := startArray(ctx, name, "svm1")
		parts := map[string]string{
			"Secret": fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\nstringData: {username: admin, password: netapp123, endpoints: %q}\n",
				name, testbed.OperatorNamespace, array.URL),
			"ONTAPCluster": fmt.Sprintf("apiVersion: %s\nkind: ONTAPCluster\nmetadata: {name: %s}\nspec:\n  %s  credentialsSecretRef: {name: %s}\n"+
				"  access: [{namespaces: {names: [%s]}, svms: [svm1]}]\n", v1alpha1.GroupVersion, name, reach(array), name, name),
			"ISCSIService": fmt.Sprintf("apiVersion: %s\nkind: ISCSIService\nmetadata: {name: main, namespace: %s}\n"+
				"spec: {ontapClusterRef: {name: %s}, svm: {name: svm1}}\n", v1alpha1.GroupVersion, name, name),
		}
		apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+name+"}")
		revisions := map[string]string{}
		for _, step := range order {
			files := map[string]string{}
			for part := range strings.SplitSeq(step, "+") {
				files[part+".yaml"] = parts[part]
			}
			id := name + "-" + strings.ToLower(strings.ReplaceAll(step, "+", "-"))
			revisions[id] = newRepository(ctx, testbed.FluxNamespace, id).push(ctx, files)
			apply(ctx, fmt.Sprintf("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s, namespace: %s}\n"+
				"spec: {sourceRef: {kind: GitRepository, name: %s}, path: ./, interval: 10m, timeout: 5m, prune: true, wait: true}",
				id, testbed.FluxNamespace, id))
			// Whoever comes first is there before the others are.
			Eventually(status).WithContext(ctx).WithArguments(testbed.FluxNamespace, id).Should(
				Or(HaveField("Reconciling", ContainSubstring("health checks")), HaveField("Ready", "True")))
		}
		for id, revision := range revisions {
			Eventually(status).WithContext(ctx).WithArguments(testbed.FluxNamespace, id).Should(beAppliedAt(revision))
		}
		Expect(writes(ctx, array)).To(HaveLen(1))
	},
		Entry("all at once", "at-once", "Secret+ONTAPCluster+ISCSIService"),
		Entry("what is needed first", "needed-first", "Secret", "ONTAPCluster", "ISCSIService"),
		Entry("what is needed last", "needed-last", "ISCSIService", "ONTAPCluster", "Secret"),
		Entry("the Secret before the array it is for", "secret-first", "ISCSIService", "Secret", "ONTAPCluster"),
		Entry("the array before its Secret", "array-first", "ONTAPCluster", "ISCSIService", "Secret"),
	)
})

// startArray starts an array, of which there is one by that name, with SVMs that have no service.
func startArray(ctx SpecContext, name string, svms ...string) *testbed.Simulator {
	GinkgoHelper()
	scenario := "cluster: {name: " + name + "}\naccounts: [{name: admin, password: netapp123}]\nsvms:\n"
	for _, svm := range svms {
		scenario += "- {name: " + svm + "}\n"
	}
	array, err := bed.StartSimulator(ctx, scenario)
	Expect(err).NotTo(HaveOccurred())
	return array
}

// reach is the part of an ONTAPCluster that leads to an array, indented as docs/gitops.md has it.
func reach(array *testbed.Simulator) string {
	ca := strings.ReplaceAll(strings.TrimSpace(array.CA), "\n", "\n      ")
	return "endpoint: " + array.URL + "\n  pollInterval: 1s\n  tls:\n    ca: |\n      " + ca + "\n"
}

// writes are the requests to an array that change something.
func writes(ctx SpecContext, array *testbed.Simulator) []string {
	GinkgoHelper()
	journal, err := array.Journal(ctx, 0)
	Expect(err).NotTo(HaveOccurred())
	var writes []string
	for _, request := range journal {
		if request.Method != http.MethodGet {
			writes = append(writes, strings.TrimSpace(request.Method+" "+request.Body))
		}
	}
	return writes
}

// kustomization is what a Kustomization says of itself.
type kustomization struct {
	Ready, Reason, Message string // Ready is empty until it is about the present generation
	Reconciling            string // the message
	Attempted, Applied     string // revisions
	Handled                string // request
}

func status(ctx SpecContext, namespace, name string) kustomization {
	GinkgoHelper()
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("kustomize.toolkit.fluxcd.io/v1")
	object.SetKind("Kustomization")
	Expect(reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)).To(Succeed())
	var fields struct {
		Status struct {
			Conditions             []metav1.Condition `json:"conditions"`
			LastAttemptedRevision  string             `json:"lastAttemptedRevision"`
			LastAppliedRevision    string             `json:"lastAppliedRevision"`
			LastHandledReconcileAt string             `json:"lastHandledReconcileAt"`
		} `json:"status"`
	}
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &fields)).To(Succeed())
	k := kustomization{
		Attempted: fields.Status.LastAttemptedRevision, Applied: fields.Status.LastAppliedRevision, Handled: fields.Status.LastHandledReconcileAt,
	}
	if c := meta.FindStatusCondition(fields.Status.Conditions, "Ready"); c != nil && c.ObservedGeneration == object.GetGeneration() {
		k.Ready, k.Reason, k.Message = string(c.Status), c.Reason, c.Message
	}
	if c := meta.FindStatusCondition(fields.Status.Conditions, "Reconciling"); c != nil {
		k.Reconciling = c.Message
	}
	return k
}

func beAppliedAt(revision string) types.GomegaMatcher {
	return And(HaveField("Applied", revision), HaveField("Ready", "True"))
}
