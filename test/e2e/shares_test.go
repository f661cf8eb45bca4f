package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var _ = Describe("Two operators that share the arrays by label", func() {
	var other *testbed.Operator

	BeforeEach(func(ctx SpecContext) {
		Expect(operator.Stop()).To(Succeed())
		startOperator(ctx, "--ontapcluster-selector", "shard!=b")
		var err error
		other, err = bed.StartOperator(ctx, identity.Kubeconfig, "--ontapcluster-selector", "shard=b", "--log-level", "debug")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func(ctx SpecContext) {
			Expect(other.Stop()).To(Succeed())
			Expect(operator.Stop()).To(Succeed())
			startOperator(ctx)
		})
	})

	It("leave each other's arrays alone, whichever of them runs", func(ctx SpecContext) {
		a, b := newArray(ctx, "{name: svm1}", "{name: svm2}"), newArray(ctx, "{name: svm1}", "{name: svm2}")
		kubectl(ctx, "label", "ontapcluster", b.name, "shard=b")
		a.apply(ctx, "main", "svm: {name: svm1}")
		b.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		b.ready(ctx, "main")

		Expect(other.Stop()).To(Succeed())
		Expect(b.ClearJournal(ctx)).To(Succeed())
		a.apply(ctx, "second", "svm: {name: svm2}")
		b.apply(ctx, "second", "svm: {name: svm2}")
		a.ready(ctx, "second")
		a.settled(ctx)
		Expect(b.journal(ctx)).To(BeEmpty(), "its operator does not run")
		Expect(b.get(ctx, "second").Status.Conditions).To(BeEmpty())
		// An array that changes hands is worked on where it is now.
		kubectl(ctx, "label", "ontapcluster", b.name, "shard-")
		b.ready(ctx, "second")
	})

	It("see the claims of both", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "first", "svm: {name: svm1}")
		a.ready(ctx, "first")
		second := &array{name: a.name + "-b", Simulator: a.Simulator}
		apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+second.name+"}\n---\n"+second.secret("netapp123")+"\n---\n"+second.manifest("*"))
		kubectl(ctx, "label", "ontapcluster", second.name, "shard=b")
		second.apply(ctx, "late", "svm: {name: svm1}")
		Eventually(second.get).WithContext(ctx).WithArguments("late").Should(
			beReady(metav1.ConditionFalse, v1alpha1.ReasonManagementConflict))
		a.remove(ctx, "first")
		Expect(a.on(ctx, "svm1")).NotTo(BeNil(), "the other waits for it")
		second.ready(ctx, "late")
		second.remove(ctx, "late")
		kubectl(ctx, "delete", "ontapcluster", second.name, "--timeout=20s")
	})

	It("do not both speak of an ONTAPCluster that does not exist", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		apply(ctx, "apiVersion: "+v1alpha1.GroupVersion.String()+"\nkind: ISCSIService\nmetadata: {name: lost, namespace: "+a.name+
			"}\nspec: {ontapClusterRef: {name: nowhere}, svm: {name: svm1}}")
		Eventually(a.get).WithContext(ctx).WithArguments("lost").Should(
			beReady(metav1.ConditionFalse, v1alpha1.ReasonONTAPClusterNotFound))
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "lost", "--timeout=20s")
		Expect(other.Logs()).NotTo(ContainSubstring("panic"))
	})
})
