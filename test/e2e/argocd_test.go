package e2e

import (
	"encoding/json"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/argocd"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// argoCD is the field manager that Argo CD applies with.
const argoCD = "--field-manager=argocd-controller"

// scripts are what Argo CD is given for the three kinds.
var scripts = argocd.Customizations{Dir: "../../config/argocd"}

var _ = Describe("Under Argo CD", func() {
	const uuid = "11111111-2222-3333-4444-555555555555"

	// serverSideApply returns the object as it was before anybody else had seen it.
	serverSideApply := func(ctx SpecContext, manifest string) *unstructured.Unstructured {
		GinkgoHelper()
		out, err := cluster.Kubectl(ctx, manifest, "apply", "--server-side", argoCD, "-o", "json", "-f", "-")
		Expect(err).NotTo(HaveOccurred())
		object := &unstructured.Unstructured{}
		Expect(json.Unmarshal([]byte(out), object)).To(Succeed())
		return object
	}
	specOf := func(manifest string) any {
		GinkgoHelper()
		object := map[string]any{}
		Expect(yaml.Unmarshal([]byte(manifest), &object)).To(Succeed())
		encoded, err := json.Marshal(object)
		Expect(err).NotTo(HaveOccurred())
		decoded := &unstructured.Unstructured{}
		Expect(decoded.UnmarshalJSON(encoded)).To(Succeed())
		return decoded.Object["spec"]
	}
	inSync := func(ctx SpecContext, manifest string) {
		GinkgoHelper()
		diff, err := cluster.Kubectl(ctx, manifest, "diff", "--server-side", argoCD, "-f", "-")
		Expect(err).NotTo(HaveOccurred(), diff)
	}

	DescribeTable("an ISCSIService stays as it was applied", func(ctx SpecContext, spec string) {
		a := newArray(ctx, "{name: svm1, uuid: "+uuid+"}")
		manifest := a.service("main", spec)
		Expect(serverSideApply(ctx, manifest).Object["spec"]).To(Equal(specOf(manifest)))
		a.ready(ctx, "main")
		Expect(live(ctx, "ISCSIService", a.name, "main").Object["spec"]).To(Equal(specOf(manifest)))
		inSync(ctx, manifest)

		before := a.get(ctx, "main").ResourceVersion
		Expect(serverSideApply(ctx, manifest).GetResourceVersion()).To(Equal(before), "applying it again changes nothing")
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs"), Enabled: new(false)})).To(Succeed())
		Eventually(func() string { return a.get(ctx, "main").ResourceVersion }).ShouldNot(Equal(before), "drift is seen")
		a.settled(ctx)
		inSync(ctx, manifest)
	},
		Entry("with nothing but the SVM's name", "svm: {name: svm1}"),
		Entry("with nothing but the SVM's UUID", "svm: {uuid: "+uuid+"}"),
		Entry("with everything set to what is meant by unset", `svm: {name: svm1, uuid: `+uuid+`}, enabled: true, alias: "",
  managementPolicy: Manage, inUsePolicy: Wait, deletionPolicy: Delete`),
		Entry("with everything set to something else", `svm: {name: svm1}, enabled: false, alias: x, inUsePolicy: Disconnect, deletionPolicy: Retain`),
	)

	It("an ONTAPCluster stays as it was applied", func(ctx SpecContext) {
		a := &array{name: "under-argo-cd"}
		a.start(ctx, []string{"{name: svm1}"})
		apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+a.name+"}\n---\n"+a.secret(password))
		for _, manifest := range []string{a.manifest(), a.manifest("svm*", "other?")} {
			Expect(serverSideApply(ctx, manifest).Object["spec"]).To(Equal(specOf(manifest)))
			kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=30s", "ontapcluster", a.name)
			Expect(live(ctx, "ONTAPCluster", "", a.name).Object["spec"]).To(Equal(specOf(manifest)))
			inSync(ctx, manifest)
		}
	})

	It("has the health that config/argocd says, and the actions do what they are called", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		health := func() argocd.Health {
			result, err := scripts.Health(live(ctx, "ISCSIService", a.name, "main"))
			Expect(err).NotTo(HaveOccurred())
			return result
		}
		haveStatus := func(status string) types.GomegaMatcher { return HaveField("Status", status) }
		a.apply(ctx, "main", "svm: {name: svm2}")
		Eventually(health).Should(haveStatus("Degraded"))
		Expect(health().Message).To(ContainSubstring(`SVM "svm2" does not exist`))

		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(health).Should(Equal(argocd.Health{Status: "Healthy", Message: "The iSCSI service is enabled."}))

		Expect(a.Login(ctx, "svm1", "iqn.2026-11.com.example:host1")).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}, enabled: false")
		Eventually(health).Should(And(haveStatus("Progressing"), HaveField("Message", ContainSubstring("iqn.2026-11.com.example:host1"))))
		Expect(a.Logout(ctx, "svm1", "")).To(Succeed())
		Eventually(health).Should(haveStatus("Healthy"))

		act(ctx, "ISCSIService", a.name, "main", "pause")
		Eventually(health).Should(And(haveStatus("Suspended"), HaveField("Message", ContainSubstring(v1alpha1.PausedAnnotation))))
		act(ctx, "ISCSIService", a.name, "main", "resume")
		Eventually(health).Should(haveStatus("Healthy"))
		act(ctx, "ISCSIService", a.name, "main", "reconcile")
		Eventually(func() string { return a.get(ctx, "main").Status.LastHandledReconcileAt }).ShouldNot(BeEmpty())

		act(ctx, "ONTAPCluster", "", a.name, "pause")
		Eventually(health).Should(And(haveStatus("Suspended"), HaveField("Message", ContainSubstring("ONTAPCluster"))))
		Expect(scripts.Health(live(ctx, "ONTAPCluster", "", a.name))).To(haveStatus("Suspended"))
		act(ctx, "ONTAPCluster", "", a.name, "resume")
		Eventually(health).Should(haveStatus("Healthy"))
		Expect(scripts.Health(live(ctx, "ONTAPCluster", "", a.name))).To(haveStatus("Healthy"))

		a.hangUp(ctx)
		Eventually(health).Should(haveStatus("Progressing"), "it may be back in a moment")
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionUnknown))
	})

	It("has a query asked again by its action, long before it would be", func(ctx SpecContext) {
		a := newMeasured(ctx)
		_, err := a.InjectFault(ctx, testbed.Fault{Match: histories, Status: http.StatusBadRequest, Code: "4711"})
		Expect(err).NotTo(HaveOccurred())
		a.ask(ctx, "history", "interval: 1h")
		a.unanswered(ctx, "history", metav1.ConditionFalse, v1alpha1.ReasonRejected)
		Expect(a.ClearFaults(ctx)).To(Succeed())
		act(ctx, "ISCSIMetricsQuery", a.name, "history", "reconcile")
		a.answered(ctx, "history")
	})
})

// act does what Argo CD does when somebody chooses an action that is on offer for an object.
func act(ctx SpecContext, kind, namespace, name, action string) {
	GinkgoHelper()
	object := live(ctx, kind, namespace, name)
	offer, err := scripts.Actions(object)
	Expect(err).NotTo(HaveOccurred())
	Expect(offer).To(HaveKeyWithValue(action, argocd.Action{}), "it is on offer")
	changed, err := scripts.Act(object, action)
	Expect(err).NotTo(HaveOccurred())
	Expect(administrator.Patch(ctx, changed, client.MergeFrom(object))).To(Succeed())
}

// live is an object with the fields that the Go types do not know, too.
func live(ctx SpecContext, kind, namespace, name string) *unstructured.Unstructured {
	GinkgoHelper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	Expect(reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, object)).To(Succeed())
	return object
}
