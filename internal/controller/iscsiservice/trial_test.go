package iscsiservice

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

const (
	servicesPath = "/api/protocols/san/iscsi/services"
	initiator    = "iqn.1998-01.com.example:host1"
	foreignIQN   = "iqn.1992-08.com.netapp:sn.foreign:vs.7"
)

// trial is one ISCSIService for svm1 of a site, and the reconciler whose passes it gets.
type trial struct {
	*site
	Gomega
	t   *testing.T
	r   *Reconciler
	key client.ObjectKey
}

// specChange is an edit of the spec.
type specChange = func(*v1alpha1.ISCSIServiceSpec)

// unchanged leaves the spec as it is.
func unchanged(*v1alpha1.ISCSIServiceSpec) {}

// withService begins a trial at an array whose svm1 has an enabled service.
func withService(t *testing.T, change specChange) *trial {
	t.Helper()
	s := newSite(t)
	return &trial{site: s, Gomega: NewWithT(t), t: t, r: s.operator(s.Kube), key: s.adoptable(t, change)}
}

// withoutService begins a trial at an array whose svm1 has no service.
func withoutService(t *testing.T, change specChange) *trial {
	t.Helper()
	x := withService(t, change)
	x.Expect(x.DeleteService(t.Context(), "svm1")).To(Succeed())
	x.poll()
	return x
}

// ofOrigin begins a trial of an object whose service was created, or adopted, and forgets what was told and sent for that.
func ofOrigin(t *testing.T, origin v1alpha1.Origin, change specChange) *trial {
	t.Helper()
	begin := withService
	if origin == v1alpha1.OriginCreated {
		begin = withoutService
	}
	x := begin(t, change)
	x.pass()
	x.Expect(x.obj().Status.Origin).To(Equal(origin))
	x.Expect(x.ClearJournal(t.Context())).To(Succeed())
	x.told(x.r)
	return x
}

func (x *trial) obj() *v1alpha1.ISCSIService { return x.service(x.t, x.key) }

// change stores the object as it is after a change; the generation follows, as the API server has it do for a spec.
func (x *trial) change(change func(*v1alpha1.ISCSIService)) {
	x.t.Helper()
	obj := x.obj()
	if obj.Annotations == nil {
		obj.Annotations = map[string]string{}
	}
	spec := obj.Spec.DeepCopy()
	change(obj)
	if !apiequality.Semantic.DeepEqual(*spec, obj.Spec) {
		obj.Generation++
	}
	x.Expect(x.Kube.Update(x.t.Context(), obj)).To(Succeed())
}

// spec edits the spec.
func (x *trial) spec(change specChange) {
	x.t.Helper()
	x.change(func(obj *v1alpha1.ISCSIService) { change(&obj.Spec) })
}

// annotate sets an annotation.
func (x *trial) annotate(name, value string) {
	x.t.Helper()
	x.change(func(obj *v1alpha1.ISCSIService) { obj.Annotations[name] = value })
}

// configure edits the spec of the ONTAPCluster, which is connected anew.
func (x *trial) configure(change func(*v1alpha1.ONTAPClusterSpec)) {
	x.t.Helper()
	x.Edit(x.t, change)
	x.poll()
}

// poll does what is due for the ONTAPCluster, of which a poll is a part.
func (x *trial) poll() {
	x.t.Helper()
	x.reconcile(x.t)
}

// fault has the array answer so.
func (x *trial) fault(fault controlclient.Fault) {
	x.t.Helper()
	_, err := x.InjectFault(x.t.Context(), fault)
	x.Expect(err).NotTo(HaveOccurred())
}

// refuse has the array refuse requests of the method with a code.
func (x *trial) refuse(method string, status int, code string) {
	x.t.Helper()
	x.fault(controlclient.Fault{Match: controlclient.Match{Method: method}, Status: status, Code: code, Message: "No."})
}

// pass is one run of the reconciler over the object; retry is when the next is due, 0 with backoff.
func (x *trial) pass() (retry time.Duration) {
	x.t.Helper()
	retry, err := look(x.t, x.r, x.key)
	if !errors.As(err, &outcome.Retry{}) {
		x.Expect(err).NotTo(HaveOccurred())
	}
	return retry
}

// restart replaces the reconciler by one that remembers nothing.
func (x *trial) restart() { x.r = x.operator(x.Kube) }

// delete has a user delete the object. The API server counts that as a generation.
func (x *trial) delete() {
	x.t.Helper()
	x.remove(x.t, x.key)
	if !x.gone(x.t, x.key) {
		x.touch()
	}
}

// touch makes another generation of the object that asks for the same.
func (x *trial) touch() {
	x.t.Helper()
	x.change(func(obj *v1alpha1.ISCSIService) { obj.Generation++ })
}

// condition is that of the type; empty if there is none.
func (x *trial) condition(conditionType string) metav1.Condition {
	x.t.Helper()
	conditions := x.obj().Status.Conditions
	if i := slices.IndexFunc(conditions, func(c metav1.Condition) bool { return c.Type == conditionType }); i >= 0 {
		return conditions[i]
	}
	return metav1.Condition{}
}

// onArray is the service of an SVM as the array has it; nil if there is none.
func (x *trial) onArray(svm string) *controlclient.SVMService {
	x.t.Helper()
	found, err := x.SVM(x.t.Context(), svm)
	x.Expect(err).NotTo(HaveOccurred())
	return found.Service
}

// sent are the requests since the journal was cleared that change something: method and body.
func (x *trial) sent() []string {
	x.t.Helper()
	journal, err := x.Journal(x.t.Context(), 0)
	x.Expect(err).NotTo(HaveOccurred())
	sent := []string{}
	for _, request := range journal {
		if request.Method != http.MethodGet {
			sent = append(sent, request.Method+" "+request.Body)
		}
	}
	return sent
}
