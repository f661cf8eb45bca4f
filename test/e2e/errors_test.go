package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

var _ = Describe("Trouble", func() {
	DescribeTable("with an SVM is Stalled, and says what to do", func(ctx SpecContext, svm, spec, reason, code, remedy string) {
		a := newArray(ctx, svm)
		a.apply(ctx, "main", spec)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, reason))
		service := a.get(ctx, "main")
		Expect(condition(service, v1alpha1.ConditionStalled)).NotTo(BeNil())
		Expect(condition(service, v1alpha1.ConditionReady).Message).To(SatisfyAll(ContainSubstring(code), ContainSubstring(remedy)))
		Expect(service.Finalizers).To(BeEmpty(), "nothing was created")
		Expect(service.Annotations).NotTo(HaveKey(v1alpha1.CreatingAnnotation))
		Expect(kstatus(ctx, a, "main")).To(Equal("Failed"))
		a.polled(ctx, servicesPath, 3)
		Expect(len(a.writes(ctx))).To(BeNumerically("<=", 1), "what was refused is not repeated at each poll")
		a.remove(ctx, "main")
	},
		Entry("that does not exist", "{name: svm1}", "svm: {name: svm2}", v1alpha1.ReasonSVMNotFound, "2621462", "vserver create"),
		Entry("that is stopped", "{name: svm1, state: stopped}", "svm: {name: svm1}", v1alpha1.ReasonSVMStopped, "5374893", "vserver start"),
		Entry("without the protocol", "{name: svm1, iscsi: {allowed: false}}", "svm: {name: svm1}", v1alpha1.ReasonProtocolNotAllowed, "2621507", "vserver add-protocols"),
		Entry("with NVMe", "{name: svm1, nvme: {configured: true}}", "svm: {name: svm1}", v1alpha1.ReasonNVMeConfigured, "5373966", "vserver nvme delete"),
	)

	DescribeTable("that the array reports by code has its reason", func(ctx SpecContext, code, status int, reason, remedy string, kstate string) {
		a := newArray(ctx, "{name: svm1}")
		_, err := a.InjectFault(ctx, testbed.Fault{Match: posts, Status: status, Code: strconv.Itoa(code), Message: "No."})
		Expect(err).NotTo(HaveOccurred())
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(func(g Gomega) {
			ready := condition(a.get(ctx, "main"), v1alpha1.ConditionReady)
			g.Expect(ready).NotTo(BeNil())
			g.Expect(ready.Reason).To(Equal(reason))
			g.Expect(ready.Message).To(SatisfyAll(ContainSubstring(strconv.Itoa(code)), ContainSubstring(remedy)))
		}).Should(Succeed())
		Expect(kstatus(ctx, a, "main")).To(Equal(kstate))
	},
		Entry(nil, 1115127, 400, v1alpha1.ReasonLicenseMissing, "system license add", "Failed"),
		Entry(nil, 2621462, 404, v1alpha1.ReasonSVMNotFound, "vserver show", "Failed"),
		Entry(nil, 2621507, 400, v1alpha1.ReasonProtocolNotAllowed, "vserver add-protocols", "Failed"),
		Entry(nil, 2621706, 400, v1alpha1.ReasonSVMMismatch, "vserver show", "Failed"),
		Entry(nil, 2621707, 400, v1alpha1.ReasonInvalidSVM, "spec.svm", "Failed"),
		Entry(nil, 5373966, 400, v1alpha1.ReasonNVMeConfigured, "another SVM", "Failed"),
		Entry(nil, 5374077, 409, v1alpha1.ReasonServiceExists, "looks again", "InProgress"),
		Entry(nil, 5374893, 400, v1alpha1.ReasonSVMStopped, "vserver start", "Failed"),
		Entry(nil, 5376452, 400, v1alpha1.ReasonUnsupportedPlatform, "ASA r2", "Failed"),
		Entry(nil, 4711, 400, v1alpha1.ReasonRejected, "ONTAP documentation", "Failed"),
		Entry(nil, 4711, 500, v1alpha1.ReasonArrayError, "event log show", "InProgress"),
		Entry(nil, 262160, 503, v1alpha1.ReasonThrottled, "waits", "InProgress"),
		Entry(nil, 7, 429, v1alpha1.ReasonThrottled, "waits", "InProgress"),
		Entry(nil, 8, 409, v1alpha1.ReasonBusy, "tries again", "InProgress"),
		Entry(nil, 6, 403, v1alpha1.ReasonPermissionDenied, "rest-role", "InProgress"),
	)

	It("of an array that asks for fewer requests is answered with fewer, however many wait for a slot", func(ctx SpecContext) {
		const objects, tries = 6, 6
		var svms []string
		for i := range objects {
			svms = append(svms, fmt.Sprintf("{name: svm%d}", i))
		}
		a := newArray(ctx, svms...)
		a.configure(ctx, `{"limits":{"maxInFlight":1}}`)
		a.inject(ctx, testbed.Fault{Match: posts, Delay: "100ms", Status: http.StatusServiceUnavailable, Code: "262160"})
		for i := range objects {
			a.apply(ctx, fmt.Sprintf("main%d", i), fmt.Sprintf("svm: {name: svm%d}", i))
		}
		sent := map[string][]time.Time{}
		Eventually(func(g Gomega) {
			clear(sent)
			for _, request := range a.journal(ctx) {
				if request.Method == http.MethodPost {
					sent[request.Body] = append(sent[request.Body], request.Received)
				}
			}
			g.Expect(sent).To(HaveLen(objects))
			g.Expect(sent).To(HaveEach(Satisfy(func(times []time.Time) bool { return len(times) >= tries })))
		}).Should(Succeed())
		for body, times := range sent {
			least := time.Duration(0) // what backoff makes of it, from 500ms on and a quarter less at most
			for wait, i := 375*time.Millisecond, 1; i < tries; i, wait = i+1, 2*wait {
				least += wait
			}
			Expect(times[tries-1].Sub(times[0])).To(BeNumerically(">=", least), body)
		}
	})

	It("with an update is not repeated because a sample is due, which is shown all the same", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.configure(ctx, `{"metrics":{"statusInterval":"15s"}}`)
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.inject(ctx, testbed.Fault{Match: testbed.Match{Method: http.MethodPatch}, Status: http.StatusBadRequest, Code: "4711", Message: "No."})
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonRejected))
		shown := a.get(ctx, "main").Status.Metrics
		Eventually(func() *v1alpha1.Metrics { return a.get(ctx, "main").Status.Metrics }).ShouldNot(Or(BeNil(), Equal(shown)))
		Expect(a.get(ctx, "main")).To(beReady(metav1.ConditionFalse, v1alpha1.ReasonRejected))
		Expect(a.writes(ctx)).To(HaveLen(2), "the POST, and one PATCH")

		Expect(a.ClearFaults(ctx)).To(Succeed())
		kubectl(ctx, "-n", a.name, "annotate", "iscsisvc", "main", v1alpha1.ReconcileRequestedAtAnnotation+"=now")
		Expect(a.ready(ctx, "main").Status.Target.Alias).To(Equal("two"))
		Expect(a.writes(ctx)).To(HaveLen(3))
	})

	It("with an update is forgotten when somebody else has made the change", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		a.inject(ctx, testbed.Fault{Match: testbed.Match{Method: http.MethodPatch}, Status: http.StatusBadRequest, Code: "4711", Message: "No."})
		a.apply(ctx, "main", "svm: {name: svm1}, alias: two")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonRejected))
		Expect(a.ClearFaults(ctx)).To(Succeed())
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("two")})).To(Succeed())
		a.ready(ctx, "main")
		Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("svm1")})).To(Succeed())
		Eventually(func() string { return *a.on(ctx, "svm1").Alias }).Should(Equal("two"), "drift, like any other")
		Expect(a.ready(ctx, "main").Status.Target.Alias).To(Equal("two"))
	})

	It("that comes again and again is one event, which counts", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1, service: {enabled: true}}")
		a.apply(ctx, "main", "svm: {name: svm1}, alias: mine")
		a.ready(ctx, "main")
		for range 3 {
			Expect(a.ChangeService(ctx, "svm1", testbed.SVMService{Alias: new("theirs")})).To(Succeed())
			Eventually(func() string { return *a.on(ctx, "svm1").Alias }).Should(Equal("mine"))
		}
		Eventually(func(g Gomega) {
			var list eventsv1.EventList
			g.Expect(reader.List(ctx, &list, client.InNamespace(a.name))).To(Succeed())
			g.Expect(list.Items).To(ContainElement(And(HaveField("Reason", v1alpha1.EventDriftCorrected),
				HaveField("Series", HaveValue(HaveField("Count", BeNumerically(">=", 2)))))))
		}).Should(Succeed())
	})

	It("in deleting has its reason too, and passes", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		fault, err := a.InjectFault(ctx, testbed.Fault{Match: testbed.Match{Method: http.MethodDelete}, Status: 409, Code: "5373960"})
		Expect(err).NotTo(HaveOccurred())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonServiceEnabled))
		Expect(condition(a.get(ctx, "main"), v1alpha1.ConditionReady).Message).To(ContainSubstring("5373960"))
		Expect(a.RemoveFault(ctx, fault)).To(Succeed())
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
	})

	It("in reaching the array is Unknown, keeps what was known, and passes", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		known := a.ready(ctx, "main").Status
		a.hangUp(ctx)
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		service := a.get(ctx, "main")
		Expect(service.Status.Target).To(Equal(known.Target))
		Expect(service.Status.Origin).To(Equal(known.Origin))
		Expect(kstatus(ctx, a, "main")).To(Equal("InProgress"))
		a.apply(ctx, "late", "svm: {name: svm2}")
		Eventually(a.get).WithContext(ctx).WithArguments("late").Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonArrayUnreachable))
		Expect(a.ClearFaults(ctx)).To(Succeed())
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionTrue))
		Eventually(a.get).WithContext(ctx).WithArguments("late").Should(beReady(metav1.ConditionTrue))
		Expect(a.writes(ctx)).To(HaveLen(2), "one POST each")
	})

	DescribeTable("in understanding the array proves nothing", func(ctx SpecContext, fault testbed.Fault) {
		a := newArray(ctx, "{name: svm1}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		fault.Path = servicesPath + "/"
		_, err := a.InjectFault(ctx, fault)
		Expect(err).NotTo(HaveOccurred())
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		Eventually(func() int { return a.reads(ctx, servicesPath+"/") }).Should(BeNumerically(">=", 1))
		a.settled(ctx)
		Expect(a.gone(ctx, "main")).To(BeFalse())
		Expect(a.writes(ctx)).To(HaveLen(1), "the POST alone")
		Expect(a.ClearFaults(ctx)).To(Succeed())
		// What the array rejected is tried again every 10 minutes, or when the object changes; after the other faults it
		// may be gone by now.
		_, err = cluster.Kubectl(ctx, "", "-n", a.name, "patch", "iscsisvc", "main", "--type=merge", "-p", `{"spec":{"deletionPolicy":"Delete"}}`)
		Expect(err).To(Or(BeNil(), MatchError(ContainSubstring("not found"))))
		Eventually(a.gone).WithContext(ctx).WithArguments("main").Should(BeTrue())
		Expect(a.on(ctx, "svm1")).To(BeNil())
		Expect(a.writes(ctx)).To(HaveLen(3), "POST, PATCH and DELETE, once each")
	},
		Entry("when it answers with a page of HTML", testbed.Fault{Body: "html"}),
		Entry("when it answers with nothing", testbed.Fault{Body: "empty"}),
		Entry("when its answer is cut off", testbed.Fault{Body: "truncated"}),
		Entry("when it answers 404 for another cause", testbed.Fault{Status: 404, Code: "3"}),
		Entry("when it redirects", testbed.Fault{Redirect: "https://127.0.0.1:1/"}),
	)

	It("with the login neither locks the account nor outlasts a new password", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}", "{name: svm3}")
		for _, svm := range []string{"svm1", "svm2", "svm3"} {
			a.apply(ctx, svm, "svm: {name: "+svm+"}")
			a.ready(ctx, svm)
		}
		Expect(a.ChangeAccount(ctx, account.Name, map[string]any{"password": "another"})).To(Succeed())
		for _, svm := range []string{"svm1", "svm2", "svm3"} {
			Eventually(a.get).WithContext(ctx).WithArguments(svm).Should(beReady(metav1.ConditionUnknown, v1alpha1.ReasonCredentialsInvalid))
		}
		Expect(kubectl(ctx, "get", "ontapcluster", a.name)).To(ContainSubstring("security login show"))
		refused := 0
		for _, request := range a.journal(ctx) {
			if request.Status == http.StatusUnauthorized {
				refused++
			}
		}
		Expect(refused).To(BeNumerically("<=", 4), "objects do not each try a login that was refused")
		apply(ctx, a.secret("another"))
		for _, svm := range []string{"svm1", "svm2", "svm3"} {
			a.ready(ctx, svm)
		}
		Expect(a.writes(ctx)).To(HaveLen(3))
	})

	It("with an account that does not see the array's UUID is said, and nothing is believed", func(ctx SpecContext) {
		a := &array{name: "scoped"}
		a.startAs(ctx, "{name: "+account.Name+", password: "+password+", svm: svm1}", []string{"{name: svm1, service: {enabled: true}}"})
		apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: scoped}\n---\n"+a.secret(password)+"\n---\n"+a.manifest("*"))
		a.apply(ctx, "main", "svm: {name: svm1}")
		Eventually(a.get).WithContext(ctx).WithArguments("main").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonInvalidConfiguration))
		Expect(kubectl(ctx, "get", "ontapcluster", a.name)).To(ContainSubstring("security login create"))
		Expect(a.reads(ctx, servicesPath)).To(BeZero())
	})

	It("of another array behind the endpoint keeps the operator from writing", func(ctx SpecContext) {
		a := newArray(ctx, "{name: svm1}", "{name: svm2}")
		a.apply(ctx, "main", "svm: {name: svm1}")
		a.ready(ctx, "main")
		Expect(a.ChangeCluster(ctx, map[string]any{"uuid": "99999999-2222-3333-4444-555555555555"})).To(Succeed())
		Expect(a.DeleteSVM(ctx, "svm1")).To(Succeed())
		Eventually(func() string { return kubectl(ctx, "get", "ontapcluster", a.name) }).Should(ContainSubstring("Nothing is written to it"))
		a.apply(ctx, "late", "svm: {name: svm2}")
		Eventually(a.get).WithContext(ctx).WithArguments("late").Should(beReady(metav1.ConditionFalse, v1alpha1.ReasonArrayChanged))
		kubectl(ctx, "-n", a.name, "delete", "iscsisvc", "main", "--wait=false")
		a.polled(ctx, "/api/cluster", 2) // each time it is made sure who answers
		Expect(a.gone(ctx, "main")).To(BeFalse())
		Expect(strings.Join(a.writes(ctx), ",")).To(HavePrefix("POST"))
		Expect(a.writes(ctx)).To(HaveLen(1))
	})
})
