package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var _ = Describe("Two objects for one SVM", func() {
	const uuid = "11111111-2222-3333-4444-555555555555"
	const svm = "{name: svm1, uuid: " + uuid + "}"

	// rival is another team on the same array: another namespace, and another ONTAPCluster if it is given one.
	rival := func(ctx SpecContext, a *array, cluster string) *array {
		GinkgoHelper()
		kubectl(ctx, "patch", "ontapcluster", a.name, "--type=merge", "-p",
			`{"spec":{"access":[{"namespaces":{"selector":{}},"svms":["*"]}]}}`)
		b := &array{Simulator: a.Simulator, name: a.name + "-rival"}
		apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+b.name+"}")
		if cluster != a.name {
			apply(ctx, b.secret(password)+"\n---\n"+b.manifest("*"))
			kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=30s", "ontapcluster", b.name)
		}
		DeferCleanup(b.abandon)
		return b
	}
	// applyTo applies an object of the rival to an ONTAPCluster.
	applyTo := func(ctx SpecContext, b *array, cluster, spec string) {
		GinkgoHelper()
		apply(ctx, fmt.Sprintf("apiVersion: %s\nkind: ISCSIService\nmetadata: {name: main, namespace: %s}\nspec: {ontapClusterRef: {name: %s}, %s}",
			v1alpha1.GroupVersion, b.name, cluster, spec))
	}
	conflict := func(ctx SpecContext, b, holder *array) {
		GinkgoHelper()
		Eventually(b.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonManagementConflict))
		service := b.get(ctx, "main")
		Expect(condition(service, v1alpha1.ConditionReady).Message).To(ContainSubstring(holder.name + "/main"))
		Expect(service.Status.SVM).To(BeNil())
		Expect(service.Finalizers).To(BeEmpty())
	}

	DescribeTable("are one that has it, and one that waits and takes it over untouched",
		func(ctx SpecContext, first, second string, sameCluster bool) {
			a := newArray(ctx, svm)
			a.apply(ctx, "main", first+", alias: first")
			target := a.ready(ctx, "main").Status.Target.Name
			b := rival(ctx, a, map[bool]string{true: a.name, false: ""}[sameCluster])
			cluster := map[bool]string{true: a.name, false: b.name}[sameCluster]
			applyTo(ctx, b, cluster, second+", alias: second, enabled: false")
			conflict(ctx, b, a)
			a.settled(ctx)
			Expect(*a.on(ctx, "svm1").Alias).To(Equal("first"))
			Expect(a.writes(ctx)).To(HaveLen(1))

			kubectl(ctx, "-n", b.name, "patch", "iscsisvc", "main", "--type=merge", "-p", `{"spec":{"alias":"first","enabled":true}}`)
			a.remove(ctx, "main")
			Expect(b.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginAdopted))
			Expect(b.get(ctx, "main").Status.Target.Name).To(Equal(target))
			Expect(a.writes(ctx)).To(HaveLen(1), "handed over, not deleted")
		},
		Entry("by the same name", "svm: {name: svm1}", "svm: {name: svm1}", true),
		Entry("by name and by UUID", "svm: {name: svm1}", "svm: {uuid: "+uuid+"}", true),
		Entry("by UUID and by name", "svm: {uuid: "+uuid+"}", "svm: {name: svm1}", true),
		Entry("through two ONTAPClusters with the same array behind", "svm: {name: svm1}", "svm: {name: svm1}", false),
	)

	It("that arrive together send one effective create", func(ctx SpecContext) {
		a := newArray(ctx, svm)
		b := rival(ctx, a, a.name)
		// Each answer takes so long that the passes of both are under way at once.
		_, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Path: servicesPath}, Delay: "300ms"})
		Expect(err).NotTo(HaveOccurred())
		applyTo(ctx, b, a.name, "svm: {uuid: "+uuid+"}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		readies := func() (n int) {
			for _, team := range []*array{a, b} {
				if c := condition(team.get(ctx, "main"), v1alpha1.ConditionReady); c != nil && c.Status == metav1.ConditionTrue {
					n++
				}
			}
			return n
		}
		conflicts := func() (n int) {
			for _, team := range []*array{a, b} {
				if c := condition(team.get(ctx, "main"), v1alpha1.ConditionReady); c != nil && c.Reason == v1alpha1.ReasonManagementConflict {
					n++
				}
			}
			return n
		}
		Eventually(func() []int { return []int{readies(), conflicts()} }, time.Minute).Should(Equal([]int{1, 1}))
		created := 0
		for _, request := range a.journal(ctx) {
			if request.Method == http.MethodPost && request.Status == http.StatusCreated {
				created++
			}
		}
		Expect(created).To(Equal(1))
		Expect(strings.Join(a.writes(ctx), " ")).NotTo(ContainSubstring("PATCH"))
	})

	It("that only had its name are two", func(ctx SpecContext) {
		a := newArray(ctx, svm)
		a.apply(ctx, "old", "svm: {name: svm1}")
		a.ready(ctx, "old")
		Expect(a.ChangeSVM(ctx, "svm1", map[string]any{"name": "svm-old"})).To(Succeed())
		Expect(a.CreateSVM(ctx, testbed.SVM{Name: "svm1", State: "running", ISCSI: testbed.ISCSI{Allowed: true}})).To(Succeed())
		a.apply(ctx, "new", "svm: {name: svm1}")
		Expect(a.ready(ctx, "new").Status.SVM.UUID).NotTo(Equal(uuid))
		Eventually(func() string { return a.ready(ctx, "old").Status.SVM.Name }).Should(Equal("svm-old"))
	})

	It("of which one may not use the SVM do not get in each other's way", func(ctx SpecContext) {
		a := newArray(ctx, svm)
		b := rival(ctx, a, a.name)
		apply(ctx, a.manifest("*"))
		applyTo(ctx, b, a.name, "svm: {name: svm1}")
		Eventually(b.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil(), "nobody who may use it waits for it")
	})
})
