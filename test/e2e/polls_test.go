package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

// nextPages are the requests for the pages of a poll but the first.
var nextPages = testbed.Match{Method: http.MethodGet, Path: servicesPath, Query: "start."}

// configure changes the spec of the ONTAPCluster: a JSON merge patch.
func (a *array) configure(ctx SpecContext, spec string) {
	GinkgoHelper()
	object := &v1alpha1.ONTAPCluster{ObjectMeta: metav1.ObjectMeta{Name: a.name}}
	Expect(administrator.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(`{"spec":`+spec+`}`)))).To(Succeed())
}

func (a *array) cluster(ctx SpecContext) *v1alpha1.ONTAPCluster {
	GinkgoHelper()
	cluster := &v1alpha1.ONTAPCluster{}
	Expect(reader.Get(ctx, client.ObjectKey{Name: a.name}, cluster)).To(Succeed())
	return cluster
}

// inject makes the array go wrong.
func (a *array) inject(ctx SpecContext, fault testbed.Fault) {
	GinkgoHelper()
	_, err := a.InjectFault(ctx, fault)
	Expect(err).NotTo(HaveOccurred())
}

// isPoll reports whether a request reads a page of all services.
func isPoll(request testbed.Request) bool {
	query, err := url.ParseQuery(request.Query)
	return err == nil && request.Method == http.MethodGet && request.Path == servicesPath && !query.Has("svm.name") && !query.Has("svm.uuid")
}

// besidesPolls are the requests so far but polls: method, and what comes after the path that all have in common.
func (a *array) besidesPolls(ctx SpecContext) []string {
	GinkgoHelper()
	sent := []string{}
	for _, request := range a.journal(ctx) {
		if !isPoll(request) {
			path := strings.TrimPrefix(request.Path, "/api/protocols/san/iscsi/")
			sent = append(sent, request.Method+" "+strings.TrimSuffix(path, a.uuid(ctx, "svm1")))
		}
	}
	return sent
}

func (a *array) uuid(ctx SpecContext, svm string) string {
	GinkgoHelper()
	found, err := a.SVM(ctx, svm)
	Expect(err).NotTo(HaveOccurred())
	return found.UUID
}

var _ = Describe("A poll", func() {
	It("that began before a write does not undo it", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}", "{name: svm3}")
		for _, svm := range []string{"svm1", "svm3"} {
			a.apply(ctx, svm, "svm: {name: "+svm+"}, alias: old")
			a.ready(ctx, svm)
		}
		Expect(a.ClearJournal(ctx)).To(Succeed())
		stale, err := a.Hold(ctx, testbed.Match{Method: http.MethodGet, Path: servicesPath}, testbed.After)
		Expect(err).NotTo(HaveOccurred())
		Expect(stale.Wait(ctx, time.Minute)).To(Succeed())
		a.apply(ctx, "svm1", "svm: {name: svm1}, alias: new")
		a.ready(ctx, "svm1")
		a.apply(ctx, "svm2", "svm: {name: svm2}")
		a.ready(ctx, "svm2")
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "svm3", v1alpha1.ReconcileRequestedAtAnnotation+"=1")
		a.remove(ctx, "svm3")
		Expect(stale.Release(ctx)).To(Succeed())
		a.settled(ctx)
		Expect(a.writes(ctx)).To(ConsistOf(HavePrefix(`PATCH {"target":{"alias":"new"}}`), HavePrefix("POST"), HavePrefix(`PATCH {"enabled":false}`), "DELETE"))
		Expect(a.ready(ctx, "svm1").Status.Target.Alias).To(Equal("new"))
		Expect(a.get(ctx, "svm1").Status.Drift).To(BeNil())
		Expect(a.events(ctx, "svm1")).To(ConsistOf("Created", "Updated"))
		Expect(a.events(ctx, "svm2")).To(ConsistOf("Created"))
		instance := servicesPath + "/" + a.uuid(ctx, "svm2")
		Expect(a.reads(ctx, instance)).To(Equal(1), "before the POST; after it, there was never a doubt")
	})

	DescribeTable("that breaks off changes nothing", func(ctx SpecContext, fault testbed.Fault) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}", "{name: svm2, service: {enabled: true}}", "{name: svm3, service: {enabled: true}}")
		for _, svm := range []string{"svm1", "svm3"} {
			a.apply(ctx, svm, "svm: {name: "+svm+"}")
			a.ready(ctx, svm)
		}
		if fault.Match = nextPages; fault.RepeatPage {
			fault.Query = ""
		}
		a.inject(ctx, fault)
		a.inject(ctx, testbed.Fault{Match: testbed.Match{Path: servicesPath}, PageLimit: 1})
		a.polled(ctx, servicesPath, 2) // the one under way may have begun with a whole page
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
		Expect(a.DeleteService(ctx, "svm3")).To(Succeed())
		a.polled(ctx, servicesPath, 3)
		Expect(a.get(ctx, "svm1").Status.Target.Alias).To(Equal("svm1"))
		Expect(a.get(ctx, "svm3").Status.Origin).To(Equal(v1alpha1.OriginAdopted))
		Expect(a.writes(ctx)).To(BeEmpty())
		Expect(a.ClearFaults(ctx)).To(Succeed())
		Eventually(func() string { return a.get(ctx, "svm1").Status.Target.Alias }).Should(Equal("theirs"))
		Eventually(func() *testbed.SVMService { return a.on(ctx, "svm3") }).ShouldNot(BeNil())
	},
		Entry("with half a page", testbed.Fault{Body: "truncated"}),
		Entry("with the same page again", testbed.Fault{RepeatPage: true, PageLimit: 1}),
		Entry("with an error", testbed.Fault{Status: 500, Code: "4711"}),
		Entry("with an empty page that is none", testbed.Fault{Body: "empty"}),
	)

	It("goes on behind a record that it cannot understand, and says whose it is", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}", "{name: svm3}")
		for _, svm := range []string{"svm1", "svm2"} {
			a.apply(ctx, svm, "svm: {name: "+svm+"}, alias: mine")
			a.ready(ctx, svm)
		}
		odd := testbed.Spoil{SVM: "svm1", Set: map[string]any{"enabled": nil}}
		a.inject(ctx, testbed.Fault{Match: testbed.Match{Path: servicesPath}, Spoil: &odd})
		Eventually(a.get).WithContext(ctx).WithArguments("svm1").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		Expect(condition(a.get(ctx, "svm1"), v1alpha1.ConditionReady).Message).To(ContainSubstring("has no enabled"))
		Expect(a.connection(ctx)).To(Equal("True Connected"))
		Expect(a.cluster(ctx).Status.UnreadableServices).To(Equal([]v1alpha1.UnreadableService{
			{SVM: &v1alpha1.UnreadableSVM{Name: "svm1", UUID: a.uuid(ctx, "svm1")}, Message: "a record has no enabled"}}))

		Expect(a.ClearJournal(ctx)).To(Succeed())
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
		Expect(a.ChangeService(ctx, "svm2", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
		Eventually(func() string { return *a.on(ctx, "svm2").Alias }).Should(Equal("mine"))
		a.apply(ctx, "svm3", "svm: {name: svm3}")
		a.ready(ctx, "svm3")
		Eventually(func() int32 { return a.cluster(ctx).Status.Services.Seen }).Should(Equal(int32(3)))
		Expect(a.writes(ctx)).To(ConsistOf(`PATCH {"target":{"alias":"mine"}}`, HavePrefix("POST")), "nothing is done about what is not understood")

		Expect(a.ClearFaults(ctx)).To(Succeed())
		Eventually(func() string { return *a.on(ctx, "svm1").Alias }).Should(Equal("mine"))
		a.ready(ctx, "svm1")
		Eventually(func() []v1alpha1.UnreadableService { return a.cluster(ctx).Status.UnreadableServices }).Should(BeEmpty())
	})

	It("between whose pages SVMs were renamed loses nothing", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2, service: {}}", "{name: svm3, service: {}}", "{name: svm4}")
		for _, svm := range []string{"svm1", "svm4"} {
			a.apply(ctx, svm, "svm: {name: "+svm+"}")
			a.ready(ctx, svm)
		}
		uuid := a.uuid(ctx, "svm4")
		a.inject(ctx, testbed.Fault{Match: testbed.Match{Path: servicesPath}, PageLimit: 2})
		between, err := a.Hold(ctx, nextPages, testbed.Before)
		Expect(err).NotTo(HaveOccurred())
		Expect(between.Wait(ctx, time.Minute)).To(Succeed())
		// The first page was sent: one of the two is on neither page now, and the other one on both.
		Expect(a.ChangeSVM(ctx, "svm1", map[string]any{"name": "svm9"})).To(Succeed())
		Expect(a.ChangeSVM(ctx, "svm4", map[string]any{"name": "svm0"})).To(Succeed())
		Expect(between.Release(ctx)).To(Succeed())
		for service, svm := range map[string]string{"svm1": "svm9", "svm4": "svm0"} {
			Eventually(func() string { return a.get(ctx, service).Status.SVM.Name }).Should(Equal(svm))
			Expect(a.get(ctx, service)).To(beReady(metav1.ConditionTrue))
			Expect(a.get(ctx, service).Status.Origin).To(Equal(v1alpha1.OriginCreated))
			Expect(a.events(ctx, service)).To(ConsistOf("Created"))
		}
		Expect(a.writes(ctx)).To(HaveLen(2), "one POST each")
		Expect(a.reads(ctx, servicesPath+"/"+uuid)).To(BeNumerically(">", 0), "absence from a poll is a hint")
		Eventually(func() int32 { return a.cluster(ctx).Status.Services.Seen }).Should(Equal(int32(4)))
	})

	It("tells an object that observes what another one has changed", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: one")
		a.ready(ctx, "main")
		a.apply(ctx, "watcher", "svm: {name: svm1}, managementPolicy: Observe")
		a.ready(ctx, "watcher")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two")
		a.ready(ctx, "main")
		Eventually(func() string { return a.get(ctx, "watcher").Status.Target.Alias }).Should(Equal("two"))
	})

	It("serves all objects: each change is one request, and an operator that starts anew reads pages only", Serial, func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2, service: {}}", "{name: svm3, service: {}}")
		a.configure(ctx, `{"metrics":{"disabled":true}}`) // a sample that is due is written, too
		for _, svm := range []string{"svm2", "svm3"} {
			a.apply(ctx, svm, "svm: {name: "+svm+"}")
			a.ready(ctx, svm)
		}
		change := func(spec string, requests ...string) {
			GinkgoHelper()
			Expect(a.ClearJournal(ctx)).To(Succeed())
			a.apply(ctx, "main", spec)
			a.ready(ctx, "main")
			a.settled(ctx)
			Expect(a.besidesPolls(ctx)).To(Equal(requests))
		}
		change("svm: {name: svm1}, alias: one", "GET /api/svm/svms", "GET services/", "POST services")
		change("svm: {name: svm1}, alias: two", "PATCH services/")
		change("svm: {name: svm1}, alias: three, enabled: false", "GET sessions", "PATCH services/")
		change("svm: {name: svm1}, alias: four, enabled: true", "PATCH services/")

		Expect(a.ClearJournal(ctx)).To(Succeed())
		a.settled(ctx)
		Expect(a.besidesPolls(ctx)).To(BeEmpty())
		Expect(operator.Stop()).To(Succeed())
		Expect(a.ClearJournal(ctx)).To(Succeed())
		writes := len(a.statusWrites("main"))
		startOperator(ctx)
		a.settled(ctx)
		Expect(a.besidesPolls(ctx)).To(Equal([]string{"GET /api/cluster"}))
		Expect(a.statusWrites("main")).To(HaveLen(writes))

		Expect(a.ClearJournal(ctx)).To(Succeed())
		a.remove(ctx, "main")
		a.settled(ctx)
		Expect(a.besidesPolls(ctx)).To(Equal([]string{"GET services/", "GET sessions", "PATCH services/", "DELETE services/"}))
	})
})

var _ = Describe("Limits", func() {
	// crowd applies an ISCSIService for each of the SVMs svm-0001 and so on, at once.
	crowd := func(ctx SpecContext, a *array, n int) (names []string) {
		GinkgoHelper()
		var manifests []string
		for i := range n {
			name := fmt.Sprintf("svm-%04d", i+1)
			names = append(names, name)
			manifest, err := json.Marshal(map[string]any{
				"apiVersion": v1alpha1.GroupVersion.String(), "kind": "ISCSIService",
				"metadata": map[string]any{"name": name, "namespace": a.name},
				"spec":     map[string]any{"ontapClusterRef": map[string]any{"name": a.name}, "svm": map[string]any{"name": name}},
			})
			Expect(err).NotTo(HaveOccurred())
			manifests = append(manifests, string(manifest))
		}
		apply(ctx, strings.Join(manifests, "\n---\n"))
		return names
	}
	svms := func(n int) (svms []string) {
		for i := range n {
			svms = append(svms, fmt.Sprintf("{name: svm-%04d}", i+1))
		}
		return svms
	}

	It("keep the number of requests in flight down, and nobody waits for good", func(ctx SpecContext) {
		a := newArray(ctx, svms(12)...)
		a.configure(ctx, `{"limits":{"maxInFlight":2}}`)
		a.settled(ctx)
		a.inject(ctx, testbed.Fault{Match: posts, Delay: "200ms"})
		for _, name := range crowd(ctx, a, 12) {
			a.ready(ctx, name)
		}
		type edge struct {
			at time.Time
			by int
		}
		var edges []edge
		for _, request := range a.journal(ctx) {
			if request.Method == http.MethodPost {
				edges = append(edges, edge{request.Received, 1}, edge{*request.Answered, -1})
			}
		}
		Expect(edges).To(HaveLen(24), "12 requests")
		slices.SortFunc(edges, func(a, b edge) int { return a.at.Compare(b.at) })
		inFlight, most := 0, 0
		for _, e := range edges {
			inFlight += e.by
			most = max(most, inFlight)
		}
		Expect(most).To(Equal(2))
	})

	It("keep the number of requests in a second down", func(ctx SpecContext) {
		const limit = 5
		a := newArray(ctx, svms(12)...)
		a.configure(ctx, fmt.Sprintf(`{"limits":{"requestsPerSecond":%d}}`, limit))
		a.settled(ctx)
		for _, name := range crowd(ctx, a, 12) {
			a.ready(ctx, name)
		}
		journal := a.journal(ctx)
		for i, first := range journal {
			// A burst, what comes in a second, and one for each worker: what it waited for, it may send a moment later.
			if most := i + 2*limit + 8; most < len(journal) {
				Expect(journal[most].Received.Sub(first.Received)).To(BeNumerically(">=", time.Second))
			}
		}
	})

	It("keep an array that hangs from holding up another one", longest, func(ctx SpecContext) {
		hung, other := newArray(ctx, svms(40)...), newArray(ctx, "{name: svm1}")
		fault := testbed.Fault{Delay: "5m"}
		id, err := hung.InjectFault(ctx, fault)
		Expect(err).NotTo(HaveOccurred())
		names := crowd(ctx, hung, 40)
		Eventually(func() int { return hung.reads(ctx, "/api/svm/svms") }).Should(BeNumerically(">", 0), "workers wait for an answer")
		began := time.Now()
		other.apply(ctx, "main", "svm: {name: svm1}")
		other.ready(ctx, "main")
		Expect(time.Since(began)).To(BeNumerically("<", 10*time.Second))
		Eventually(hung.get).WithContext(ctx).WithArguments(names[0]).Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		before := len(hung.journal(ctx))
		other.polled(ctx, servicesPath, 5)
		Expect(len(hung.journal(ctx))-before).To(BeNumerically("<=", 3), "now and then one request tries")
		Expect(hung.RemoveFault(ctx, id)).To(Succeed())
	})
})
