package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

const (
	servicesPath = "/api/protocols/san/iscsi/services"
	sessionsPath = "/api/protocols/san/iscsi/sessions"
)

// array is one array with the ONTAPCluster that names it, and the namespace of a team that may use all its SVMs.
type array struct {
	*testbed.Simulator
	// name of the ONTAPCluster, its Secret and the namespace.
	name string
}

var arrays int

// newArray starts an array with the SVMs, written as the simulator's scenario has them, and connects it.
func newArray(ctx SpecContext, svms ...string) *array {
	GinkgoHelper()
	a := newUnconnected(ctx, svms...)
	a.connect(ctx)
	return a
}

// newUnconnected is newArray for a case that has something to do before the operator connects.
func newUnconnected(ctx SpecContext, svms ...string) *array {
	GinkgoHelper()
	arrays++
	a := &array{name: fmt.Sprintf("team-%d", arrays)}
	a.start(ctx, svms)
	return a
}

func (a *array) start(ctx SpecContext, svms []string) {
	GinkgoHelper()
	a.startAs(ctx, account.scenario(), svms)
}

// startAs starts the array with another account for the operator, or several, written as the scenario has them.
func (a *array) startAs(ctx SpecContext, accounts string, svms []string) {
	GinkgoHelper()
	a.boot(ctx, accounts, svms)
	DeferCleanup(a.abandon)
}

// boot starts the programs of the array; flags are the simulator's.
func (a *array) boot(ctx SpecContext, accounts string, svms []string, flags ...string) {
	GinkgoHelper()
	scenario := "cluster: {name: " + a.name + ", version: 9.16.1}\naccounts: [" + accounts + "]\nsvms:\n"
	for _, svm := range svms {
		scenario += "- " + svm + "\n"
	}
	var err error
	a.Simulator, err = bed.StartSimulator(ctx, scenario, flags...)
	Expect(err).NotTo(HaveOccurred())
}

// abandon removes what a case left, without asking the array, and stops the array.
func (a *array) abandon(ctx SpecContext) {
	GinkgoHelper()
	a.forget(ctx)
	Expect(a.Simulator.Stop()).To(Succeed())
}

// forget is abandon for an ONTAPCluster of several that share an array.
func (a *array) forget(ctx SpecContext) {
	GinkgoHelper()
	inNamespace := client.InNamespace(a.name)
	Expect(administrator.DeleteAllOf(ctx, &v1alpha1.ISCSIMetricsQuery{}, inNamespace)).To(Succeed())
	Expect(administrator.DeleteAllOf(ctx, &v1alpha1.ISCSIService{}, inNamespace)).To(Succeed())
	// Of what is being deleted, the operator does not put the finalizer back.
	withoutFinalizers := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	for _, service := range services(ctx) {
		if service.Namespace == a.name {
			Expect(client.IgnoreNotFound(administrator.Patch(ctx, &service, withoutFinalizers))).To(Succeed())
		}
	}
	Eventually(func() []v1alpha1.ISCSIService {
		return slices.DeleteFunc(services(ctx), func(s v1alpha1.ISCSIService) bool { return s.Namespace != a.name })
	}).Should(BeEmpty())
	left := &v1alpha1.ONTAPCluster{ObjectMeta: metav1.ObjectMeta{Name: a.name}}
	Expect(client.IgnoreNotFound(administrator.Delete(ctx, left))).To(Succeed())
	Eventually(func() error { return reader.Get(ctx, client.ObjectKey{Name: a.name}, left) }).Should(Satisfy(apierrors.IsNotFound))
}

// connect applies the namespace, the Secret and the ONTAPCluster, and waits until the operator has connected.
func (a *array) connect(ctx SpecContext) {
	GinkgoHelper()
	a.connectWith(ctx, a.secret(password))
}

// connectWith is connect with another Secret.
func (a *array) connectWith(ctx SpecContext, secret string) {
	GinkgoHelper()
	apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+a.name+"}\n---\n"+secret+"\n---\n"+a.manifest("*"))
	Eventually(a.connection).WithContext(ctx).Should(HavePrefix("True "))
	Expect(a.ClearJournal(ctx)).To(Succeed())
}

// secret is the Secret of the ONTAPCluster, with a password that goes to the array and to further endpoints, if given.
func (a *array) secret(password string, further ...string) string {
	return passwordSecret(a.name, password, append(further, a.URL)...)
}

func passwordSecret(name, password string, endpoints ...string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\nstringData: {username: %s, password: %q, endpoints: %q}",
		name, testbed.OperatorNamespace, account.Name, password, strings.Join(endpoints, " "))
}

// certificateSecret is the Secret with a new client certificate, and its key, for an account of the array.
func (a *array) certificateSecret(ctx SpecContext, account string) string {
	GinkgoHelper()
	pair, err := a.ClientCertificate(ctx, account)
	Expect(err).NotTo(HaveOccurred())
	return tlsSecret(a.name, pair.Certificate, pair.Key, a.URL)
}

func tlsSecret(name, certificate, key, endpoint string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\nstringData: {tls.crt: %q, tls.key: %q, endpoints: %q}",
		name, testbed.OperatorNamespace, certificate, key, endpoint)
}

// manifest is the ONTAPCluster, with the SVMs that the namespace may use; none leaves the rule out.
func (a *array) manifest(svms ...string) string {
	spec := v1alpha1.ONTAPClusterSpec{
		Endpoint:             a.URL,
		CredentialsSecretRef: v1alpha1.SecretReference{Name: a.name},
		TLS:                  &v1alpha1.TLSConfig{CA: a.CA},
		PollInterval:         &metav1.Duration{Duration: 1e9},
	}
	if len(svms) > 0 {
		spec.Access = []v1alpha1.AccessRule{{Namespaces: v1alpha1.NamespaceSelector{Names: []string{a.name}}, SVMs: svms}}
	}
	manifest, err := yaml.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "ONTAPCluster", "metadata": map[string]any{"name": a.name}, "spec": spec,
	})
	Expect(err).NotTo(HaveOccurred())
	return string(manifest)
}

// apply applies an ISCSIService of that name; spec is YAML in flow style, without the ONTAPCluster.
func (a *array) apply(ctx SpecContext, name, spec string) {
	GinkgoHelper()
	apply(ctx, a.service(name, spec))
}

// service is the manifest of an ISCSIService; spec is as in apply.
func (a *array) service(name, spec string) string {
	return fmt.Sprintf("apiVersion: %s\nkind: ISCSIService\nmetadata: {name: %s, namespace: %s}\nspec: {ontapClusterRef: {name: %s}, %s}",
		v1alpha1.GroupVersion, name, a.name, a.name, spec)
}

// ready waits until the ISCSIService is Ready in its present generation, and returns it.
func (a *array) ready(ctx SpecContext, name string) *v1alpha1.ISCSIService {
	GinkgoHelper()
	Eventually(a.get).WithContext(ctx).WithArguments(name).Should(beReady(metav1.ConditionTrue))
	return a.get(ctx, name)
}

func (a *array) get(ctx SpecContext, name string) *v1alpha1.ISCSIService {
	GinkgoHelper()
	service := &v1alpha1.ISCSIService{}
	Expect(reader.Get(ctx, client.ObjectKey{Namespace: a.name, Name: name}, service)).To(Succeed())
	return service
}

// remove deletes the ISCSIService and waits until it is gone.
func (a *array) remove(ctx SpecContext, name string) {
	GinkgoHelper()
	service := &v1alpha1.ISCSIService{ObjectMeta: metav1.ObjectMeta{Namespace: a.name, Name: name}}
	Expect(administrator.Delete(ctx, service)).To(Succeed())
	Eventually(a.gone).WithContext(ctx).WithArguments(name).Should(BeTrue())
}

// connection is the Ready condition of the ONTAPCluster, "undecided" if it is not of its present generation.
func (a *array) connection(ctx SpecContext) string {
	GinkgoHelper()
	c := a.connectionCondition(ctx)
	if c == nil {
		return "undecided"
	}
	return string(c.Status) + " " + c.Reason
}

// connectionCondition is the Ready condition of the ONTAPCluster, nil if it is not of its present generation.
func (a *array) connectionCondition(ctx SpecContext) *metav1.Condition {
	GinkgoHelper()
	cluster := &v1alpha1.ONTAPCluster{}
	Expect(reader.Get(ctx, client.ObjectKey{Name: a.name}, cluster)).To(Succeed())
	for i, c := range cluster.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady && c.ObservedGeneration == cluster.Generation {
			return &cluster.Status.Conditions[i]
		}
	}
	return nil
}

// gone reports whether the ISCSIService does not exist.
func (a *array) gone(ctx SpecContext, name string) bool {
	GinkgoHelper()
	err := reader.Get(ctx, client.ObjectKey{Namespace: a.name, Name: name}, &v1alpha1.ISCSIService{})
	Expect(client.IgnoreNotFound(err)).To(Succeed())
	return err != nil
}

// hangUp makes the array refuse connections until its faults are cleared.
func (a *array) hangUp(ctx SpecContext) {
	GinkgoHelper()
	_, err := a.InjectFault(ctx, testbed.Fault{Listener: "refused"})
	Expect(err).NotTo(HaveOccurred())
}

// on is the service on the array, nil if there is none.
func (a *array) on(ctx SpecContext, svm string) *testbed.SVMService {
	GinkgoHelper()
	found, err := a.SVM(ctx, svm)
	Expect(err).NotTo(HaveOccurred())
	return found.Service
}

// resolved is the UUID that the operator sends beside the name of an SVM.
var resolved = regexp.MustCompile(`"uuid":"[0-9a-f-]{36}",`)

// writes are the requests so far that change something, one line each, without the UUID that stands beside a name.
func (a *array) writes(ctx SpecContext) []string {
	GinkgoHelper()
	var writes []string
	for _, request := range a.journal(ctx) {
		if request.Method != http.MethodGet {
			writes = append(writes, strings.TrimSpace(request.Method+" "+resolved.ReplaceAllString(request.Body, "")))
		}
	}
	return writes
}

func (a *array) journal(ctx SpecContext) []testbed.Request {
	GinkgoHelper()
	journal, err := a.Journal(ctx, 0)
	Expect(err).NotTo(HaveOccurred())
	return journal
}

// events are the reasons of the events about an ISCSIService, in no order.
func (a *array) events(ctx SpecContext, name string) []string {
	GinkgoHelper()
	var list eventsv1.EventList
	Expect(reader.List(ctx, &list, client.InNamespace(a.name))).To(Succeed())
	var reasons []string
	for _, event := range list.Items {
		if event.Regarding.Kind == "ISCSIService" && event.Regarding.Name == name {
			reasons = append(reasons, event.Reason)
		}
	}
	return reasons
}

// warnings are the notes of the Warning events about an ISCSIService.
func (a *array) warnings(ctx SpecContext, name string) []string {
	GinkgoHelper()
	var list eventsv1.EventList
	Expect(reader.List(ctx, &list, client.InNamespace(a.name))).To(Succeed())
	var notes []string
	for _, event := range list.Items {
		if event.Regarding.Name == name && event.Type == corev1.EventTypeWarning {
			notes = append(notes, event.Note)
		}
	}
	return notes
}

// settled waits until whatever would be sent to the array unasked has been sent: the operator has looked at the array,
// and at its services, several times more.
func (a *array) settled(ctx SpecContext) {
	GinkgoHelper()
	a.polled(ctx, servicesPath, 3)
}

// polled waits for that many more reads of a path.
func (a *array) polled(ctx SpecContext, path string, times int) {
	GinkgoHelper()
	before := a.reads(ctx, path)
	Eventually(func() int { return a.reads(ctx, path) }).Should(BeNumerically(">=", before+times))
}

// reads counts the GET requests so far below a path.
func (a *array) reads(ctx SpecContext, path string) (n int) {
	GinkgoHelper()
	for _, request := range a.journal(ctx) {
		if request.Method == http.MethodGet && strings.HasPrefix(request.Path, path) {
			n++
		}
	}
	return n
}

// beReady matches an ISCSIService whose Ready condition was decided for its present generation, with that status and, if
// given, that reason.
func beReady(status metav1.ConditionStatus, reason ...string) gomegatypes.GomegaMatcher {
	return WithTransform(func(service *v1alpha1.ISCSIService) string {
		for _, c := range service.Status.Conditions {
			if c.Type == v1alpha1.ConditionReady && c.ObservedGeneration == service.Generation {
				if len(reason) == 0 {
					return string(c.Status)
				}
				return string(c.Status) + " " + c.Reason
			}
		}
		return "undecided"
	}, Equal(strings.Join(append([]string{string(status)}, reason...), " ")))
}

func condition(service *v1alpha1.ISCSIService, conditionType string) *metav1.Condition {
	return conditionOf(service.Status.Conditions, conditionType)
}

func conditionOf(conditions []metav1.Condition, conditionType string) *metav1.Condition {
	for i := range conditions {
		if conditions[i].Type == conditionType {
			return &conditions[i]
		}
	}
	return nil
}

// expectWellFormed holds a status against what kstatus and the API's documentation promise.
func expectWellFormed(obj client.Object, conditions []metav1.Condition, observedGeneration int64) {
	GinkgoHelper()
	ready := conditionOf(conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return
	}
	stalled, reconciling := conditionOf(conditions, v1alpha1.ConditionStalled), conditionOf(conditions, v1alpha1.ConditionReconciling)
	name := obj.GetNamespace() + "/" + obj.GetName()
	Expect(ready.Message).NotTo(BeEmpty(), name)
	Expect(stalled != nil && reconciling != nil).To(BeFalse(), "%s is both stalled and reconciling", name)
	for _, c := range []*metav1.Condition{stalled, reconciling} {
		if c != nil {
			Expect(c.Status).To(Equal(metav1.ConditionTrue), name)
			Expect(c.Reason).To(Equal(ready.Reason), name)
			Expect(c.Message).To(Equal(ready.Message), name)
		}
	}
	if ready.Status == metav1.ConditionTrue {
		Expect(stalled == nil && reconciling == nil).To(BeTrue(), "%s is ready, and is not", name)
	} else {
		Expect(stalled != nil || reconciling != nil).To(BeTrue(), "%s is not ready, and nothing is done about it", name)
	}
	if ready.Status == metav1.ConditionTrue || stalled != nil {
		Expect(observedGeneration).To(Equal(ready.ObservedGeneration), name)
	}
}
