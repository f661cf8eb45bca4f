package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var _ = Describe("The life of a service", func() {
	It("is created, changed in one request, and disabled and deleted with its object", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")

		a.apply(ctx, "main", "svm: {name: svm1}, alias: one")
		kubectl(ctx, "-n", a.name, "wait", "--for=condition=Ready", "--timeout=30s", "iscsisvc/main")
		created := a.on(ctx, "svm1")
		Expect(created.Target).To(HavePrefix("iqn.1992-08.com.netapp:sn."))
		Expect(kubectl(ctx, "-n", a.name, "get", "iscsisvc", "main")).To(SatisfyAll(
			ContainSubstring(created.Target), ContainSubstring("svm1"), ContainSubstring("The iSCSI service is enabled.")))
		service := a.get(ctx, "main")
		Expect(service.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(service.Status.Created.TargetName).To(Equal(created.Target))
		Expect(service.Status.ObservedGeneration).To(Equal(service.Generation))
		Expect(a.writes(ctx)).To(Equal([]string{`POST {"svm":{"name":"svm1"},"enabled":true,"target":{"alias":"one"}}`}))
		Eventually(a.events).WithContext(ctx).WithArguments("main").Should(ConsistOf("Created"))

		Expect(a.ClearJournal(ctx)).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two, enabled: false")
		service = a.ready(ctx, "main")
		Expect(service).To(beReady(metav1.ConditionTrue, v1alpha1.ReasonDisabled))
		Expect(*service.Status.Enabled).To(BeFalse())
		Expect(service.Status.Target.Alias).To(Equal("two"))
		Expect(*a.on(ctx, "svm1")).To(Equal(testbed.SVMService{Enabled: new(false), Alias: new("two"), Target: created.Target}))
		Expect(a.writes(ctx)).To(Equal([]string{`PATCH {"enabled":false,"target":{"alias":"two"}}`}))

		a.apply(ctx, "main", "svm: {name: svm1}, alias: two")
		a.ready(ctx, "main")
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue(), "unset means true")

		Expect(a.ClearJournal(ctx)).To(Succeed())
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
		a.settled(ctx)
		looked := slices.IndexFunc(a.journal(ctx), func(r testbed.Request) bool { return strings.HasPrefix(r.Path, servicesPath+"/") })
		Expect(a.journal(ctx)[looked].Method).To(Equal(http.MethodGet), "what is there is read before the first write")
		Expect(a.writes(ctx)).To(Equal([]string{`PATCH {"enabled":false}`, "DELETE"}))
		Expect(a.events(ctx, "main")).To(ConsistOf("Created", "Updated", "Updated", "ServiceDisabled", "Deleted"))
	})

	It("adopts a service that exists, and leaves it when its object is deleted", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true, alias: old}}")
		before := *a.on(ctx, "svm1")
		a.apply(ctx, "main", "svm: {name: svm1}")
		service := a.ready(ctx, "main")
		Expect(service.Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		Expect(service.Status.Created).To(BeNil())
		Expect(service.Status.Target.Name).To(Equal(before.Target))
		Expect(service.Finalizers).To(BeEmpty(), "its deletion need not ask the operator")
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(*a.on(ctx, "svm1")).To(Equal(before))
		Expect(a.writes(ctx)).To(BeEmpty())
	})

	It("deletes an adopted service if deletionPolicy is Delete", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		a.apply(ctx, "main", "svm: {name: svm1}, deletionPolicy: Delete")
		Expect(a.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("keeps a created service if deletionPolicy is Retain", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, deletionPolicy: Retain")
		Expect(a.ready(ctx, "main").Finalizers).To(BeEmpty())
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(*a.on(ctx, "svm1").Enabled).To(BeTrue())
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("gives a new service an empty alias with one more request", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", `svm: {name: svm1}, alias: ""`)
		Expect(a.ready(ctx, "main").Status.Target.Alias).To(BeEmpty())
		Expect(a.writes(ctx)).To(Equal([]string{`POST {"svm":{"name":"svm1"},"enabled":true}`, `PATCH {"target":{"alias":""}}`}))
		Expect(a.on(ctx, "svm1").Alias).To(Or(BeNil(), HaveValue(BeEmpty())))
		a.settled(ctx)
		Expect(a.writes(ctx)).To(HaveLen(2), "an alias that is absent is an empty one")
	})

	It("finds an SVM by its UUID", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, uuid: 11111111-2222-3333-4444-555555555555}")
		a.apply(ctx, "main", "svm: {uuid: 11111111-2222-3333-4444-555555555555}")
		Expect(a.ready(ctx, "main").Status.SVM).To(Equal(&v1alpha1.SVMStatus{Name: "svm1", UUID: "11111111-2222-3333-4444-555555555555"}))
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("follows a renamed SVM", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		target := a.ready(ctx, "main").Status.Target.Name
		Expect(a.ChangeSVM(ctx, "svm1", map[string]any{"name": "svm-renamed"})).To(Succeed())
		Eventually(func() string { return a.get(ctx, "main").Status.SVM.Name }).Should(Equal("svm-renamed"))
		a.apply(ctx, "main", "svm: {name: svm-renamed}")
		Expect(a.ready(ctx, "main").Status.Target.Name).To(Equal(target))
		Expect(a.writes(ctx)).To(HaveLen(1), "the same service")
	})

	It("waits for what is applied after it", func(ctx SpecContext) {
		a := &array{name: "any-order"}
		a.start(ctx, []string{"{name: svm1}"})
		apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: any-order}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonONTAPClusterNotFound))
		apply(ctx, a.manifest("*"))
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound))
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionStalled)).To(BeNil(), "it may be on its way")
		apply(ctx, a.secret(password))
		a.ready(ctx, "main")
		Expect(a.warnings(ctx, "main")).To(BeEmpty(), "nothing went wrong")
	})

	It("begins as soon as its SVM is there", func(ctx SpecContext) {
		a := newArray(ctx, "{name: other}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonSVMNotFound))
		a.polled(ctx, servicesPath, 3)
		Expect(a.writes(ctx)).To(BeEmpty(), "there is nothing to create it on")
		Expect(a.CreateSVM(ctx, testbed.SVM{Name: "svm1", State: "running", ISCSI: testbed.ISCSI{Allowed: true}})).To(Succeed())
		Expect(a.ready(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("gets its marks back when a replace has dropped them", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.configure(ctx, `{"metrics":{"disabled":true}}`) // or a sample that is due would bring it back
		a.apply(ctx, "main", "svm: {name: svm1}")
		before := a.ready(ctx, "main")
		Expect(before.Finalizers).To(ContainElement(v1alpha1.Finalizer))
		a.settled(ctx)
		replaced, err := cluster.Kubectl(ctx, a.service("main", "svm: {name: svm1}"), "replace", "-f", "-", "-o", "jsonpath={.metadata.finalizers}")
		Expect(err).NotTo(HaveOccurred())
		Expect(replaced).To(BeEmpty())
		Eventually(func() []string { return a.get(ctx, "main").Finalizers }, "20s").Should(ContainElement(v1alpha1.Finalizer))
		Expect(a.get(ctx, "main").Generation).To(Equal(before.Generation))
		Expect(a.get(ctx, "main").Status.Origin).To(Equal(v1alpha1.OriginCreated))
		a.remove(ctx, "main")
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("logs each write to the array on one line of JSON", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.remove(ctx, "main")
		var operations []string
		log, err := operator.Logs()
		Expect(err).NotTo(HaveOccurred())
		for line := range strings.Lines(log) {
			var entry struct {
				Namespace  string
				Name       string
				Generation int64
				Operation  string
				Code       *int
			}
			Expect(json.Unmarshal([]byte(line), &entry)).To(Succeed(), line)
			if entry.Namespace == a.name && entry.Operation != "" {
				Expect(entry.Name).To(Equal("main"))
				Expect(entry.Generation).To(BeNumerically(">", 0))
				Expect(entry.Code).To(HaveValue(Equal(0)))
				operations = append(operations, entry.Operation)
			}
		}
		Expect(operations).To(Equal([]string{"create", "disable", "delete"}))
		Expect(log).NotTo(ContainSubstring(password))
	})
})

var _ = Describe("What it costs", func() {
	operatorWrites := func(namespace string) (writes []string) {
		all, err := cluster.Writes(testbed.OperatorUser)
		Expect(err).NotTo(HaveOccurred())
		for _, w := range all {
			if w.Object.Namespace == namespace {
				Expect(w.Response.Code).To(BeNumerically("<", 400))
				writes = append(writes, strings.TrimSuffix(w.Verb+" "+w.Object.Resource+"/"+w.Object.Subresource, "/"))
			}
		}
		return writes
	}

	It("creates with one POST and two Kubernetes writes, and then, but for samples, writes nothing", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.configure(ctx, `{"metrics":{"disabled":true}}`)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Eventually(operatorWrites).WithArguments(a.name).Should(ContainElement("create events"))
		a.settled(ctx)
		a.polled(ctx, servicesPath, 3)
		Expect(operatorWrites(a.name)).To(ConsistOf("patch iscsiservices", "patch iscsiservices/status", "create events"))
		Expect(a.writes(ctx)).To(HaveLen(1))
	})

	It("asks the array for the service itself before the POST, and for no more", func(ctx SpecContext) {
		const uuid = "11111111-2222-3333-4444-555555555555"
		a := newArray(ctx, "{name: first}", "{name: svm1, uuid: "+uuid+"}", "{name: svm2}")
		a.configure(ctx, `{"metrics":{"disabled":true}}`)
		a.rarely(ctx)
		a.apply(ctx, "first", "svm: {name: first}") // the names of all SVMs are read with the first of them
		a.ready(ctx, "first")
		Expect(a.ClearJournal(ctx)).To(Succeed())
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.journal(ctx)).To(HaveExactElements(
			SatisfyAll(HaveField("Method", http.MethodGet), HaveField("Path", servicesPath+"/"+uuid)),
			SatisfyAll(HaveField("Method", http.MethodPost), HaveField("Path", servicesPath),
				HaveField("Body", `{"svm":{"uuid":"`+uuid+`","name":"svm1"},"enabled":true}`)),
		))
	})

	It("adopts with one Kubernetes write", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		a.configure(ctx, `{"metrics":{"disabled":true}}`)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Eventually(operatorWrites).WithArguments(a.name).Should(ContainElement("create events"))
		a.polled(ctx, servicesPath, 3)
		Expect(operatorWrites(a.name)).To(ConsistOf("patch iscsiservices/status", "create events"))
	})
})
