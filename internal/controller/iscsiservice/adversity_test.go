package iscsiservice

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/outcome"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

func TestADeletionAfterARenameGoesByTheNameThatTheSVMHasNow(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	main, r := s.created(t, "")
	pause := func(value string) {
		obj := s.service(t, main)
		if obj.Annotations == nil {
			obj.Annotations = map[string]string{}
		}
		obj.Annotations[v1alpha1.PausedAnnotation] = value
		g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
	}
	pause("true")
	g.Expect(s.ChangeSVM(t.Context(), "svm2", map[string]any{"name": "svm9"})).To(Succeed())
	s.Edit(t, func(spec *v1alpha1.ONTAPClusterSpec) { spec.Access[0].SVMs = []string{"svm9"} })
	s.reconcile(t)
	_, err := look(t, r, main)
	g.Expect(err).NotTo(HaveOccurred())
	s.remove(t, main)
	_, _ = look(t, r, main)
	pause("false")
	_, err = look(t, r, main)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.changes(t)).To(Equal([]string{http.MethodPatch, http.MethodDelete}), "its namespace may use the SVM")
}

func TestAnOperatorThatStopsBeforeItSendsACreateRequestTakesOffItsMarkers(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key := s.newService(t, "")
	ctx, stop := context.WithCancel(t.Context())
	marked := false
	kube := interceptor.NewClient(s.Kube, interceptor.Funcs{
		Patch: func(ctx context.Context, kube client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			err := kube.Patch(ctx, obj, patch, opts...)
			if !marked && isCreating(obj.(*v1alpha1.ISCSIService)) {
				marked = true
				stop()
			}
			return err
		},
	})
	_, _ = s.operator(kube).Reconcile(ctx, ctrl.Request{NamespacedName: key})
	g.Expect(marked).To(BeTrue())
	g.Expect(ctx.Err()).To(HaveOccurred())
	g.Expect(s.posts(t)).To(BeZero())
	left := s.service(t, key)
	g.Expect(s.PutService(t.Context(), "svm2", controlclient.SVMService{})).To(Succeed())
	_, err := look(t, s.operator(s.Kube), key)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.service(t, key).Status.Origin).To(Equal(v1alpha1.OriginAdopted), "another client of the array has made the service since")
	g.Expect(isCreating(left)).To(BeFalse())
}

func TestAServiceIsDisabledThoughTheAPIServerIsSlow(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key, r := s.adopted(t, func(spec *v1alpha1.ISCSIServiceSpec) { spec.Enabled = new(false) })
	r.Live = interceptor.NewClient(s.Kube, interceptor.Funcs{
		Get: func(ctx context.Context, kube client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			<-time.After(1100 * time.Millisecond) // longer than a change may wait for its turn without another look
			return kube.Get(ctx, key, obj, opts...)
		},
	})
	_, err := look(t, r, key)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.enabled(t)).To(BeFalse())
}

func TestMarksThatAreTakenOffDuringTheRequestComeBack(t *testing.T) {
	for _, stage := range []controlclient.Stage{controlclient.Before, controlclient.After} {
		g := NewWithT(t)
		s := newSite(t)
		key, r := s.newService(t, ""), s.operator(s.Kube)
		barrier, err := s.Hold(t.Context(), controlclient.Match{Method: http.MethodPost}, stage)
		g.Expect(err).NotTo(HaveOccurred())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
		}()
		g.Expect(barrier.Wait(t.Context(), 20*time.Second)).To(Succeed())
		obj := s.service(t, key)
		obj.Annotations, obj.Finalizers = nil, nil
		g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
		g.Expect(barrier.Release(t.Context())).To(Succeed())
		g.Eventually(ended).WithTimeout(20 * time.Second).Should(BeClosed())
		_, err = look(t, r, key)
		g.Expect(err).NotTo(HaveOccurred())
		obj = s.service(t, key)
		g.Expect(obj.Status.Origin).To(Equal(v1alpha1.OriginCreated))
		g.Expect(hasFinalizer(obj)).To(BeTrue())
		g.Expect(s.posts(t)).To(Equal(1))
	}
}

func TestADeletionDoesNotTakeARecordWithoutATargetForAnotherService(t *testing.T) {
	for _, remove := range []string{"target", "target.name"} {
		g := NewWithT(t)
		s := newSite(t)
		main, r := s.created(t, "")
		_, err := s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Method: http.MethodGet}, Spoil: &controlclient.Spoil{SVM: "svm2", Remove: []string{remove}}})
		g.Expect(err).NotTo(HaveOccurred())
		s.remove(t, main)
		_, err = look(t, r, main)
		t.Log(remove, err)
		g.Expect(s.gone(t, main)).To(BeFalse(), remove)
	}
}

func TestAServiceThatIsReleasedAsDisabledIsDisabled(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	main, r := s.created(t, "")
	_, err := s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Method: http.MethodPatch}, Status: 400, Code: "5376452", Message: "not supported"})
	g.Expect(err).NotTo(HaveOccurred())
	s.remove(t, main)
	_, err = look(t, r, main)
	g.Expect(err).NotTo(HaveOccurred())
	told := fmt.Sprint(s.told(r))
	svm, err := s.SVM(t.Context(), "svm2")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(*svm.Service.Enabled).To(BeTrue())
	g.Expect(told).NotTo(ContainSubstring("is disabled"))
}

// told are the events so far.
func (s *site) told(r *Reconciler) (told []string) {
	recorder := r.Events.(*events.FakeRecorder)
	for len(recorder.Events) > 0 {
		told = append(told, <-recorder.Events)
	}
	return told
}

func TestAnObjectThatWaitsIsWrittenOnce(t *testing.T) {
	annotate := func(obj *v1alpha1.ISCSIService, name, value string) {
		if obj.Annotations == nil {
			obj.Annotations = map[string]string{}
		}
		obj.Annotations[name] = value
	}
	for name, begin := range map[string]func(g Gomega, s *site, obj *v1alpha1.ISCSIService){
		"paused": func(_ Gomega, _ *site, obj *v1alpha1.ISCSIService) { annotate(obj, v1alpha1.PausedAnnotation, "true") },
		"asked": func(_ Gomega, _ *site, obj *v1alpha1.ISCSIService) {
			annotate(obj, v1alpha1.ReconcileRequestedAtAnnotation, "now")
		},
		"observing": func(_ Gomega, _ *site, obj *v1alpha1.ISCSIService) {
			obj.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserve
		},
		"in use": func(g Gomega, s *site, obj *v1alpha1.ISCSIService) {
			obj.Spec.Enabled = new(false)
			g.Expect(s.Login(t.Context(), "svm2", "iqn.1998-01.com.example:host1")).To(Succeed())
		},
		"denied": func(g Gomega, s *site, _ *v1alpha1.ISCSIService) {
			cluster := &v1alpha1.ONTAPCluster{}
			g.Expect(s.Kube.Get(t.Context(), client.ObjectKey{Name: "default"}, cluster)).To(Succeed())
			cluster.Spec.Access[0].SVMs, cluster.Generation = []string{"svm7"}, cluster.Generation+1
			g.Expect(s.Kube.Update(t.Context(), cluster)).To(Succeed())
		},
		"paused, and the service is gone": func(g Gomega, s *site, obj *v1alpha1.ISCSIService) {
			annotate(obj, v1alpha1.PausedAnnotation, "true")
			g.Expect(s.DeleteService(t.Context(), "svm2")).To(Succeed())
		},
		"denied, paused, and out of reach": func(g Gomega, s *site, obj *v1alpha1.ISCSIService) {
			annotate(obj, v1alpha1.PausedAnnotation, "true")
			_, err := s.InjectFault(t.Context(), controlclient.Fault{Reset: controlclient.Before})
			g.Expect(err).NotTo(HaveOccurred())
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			key, r := s.created(t, "")
			obj := s.service(t, key)
			begin(g, s, obj)
			obj.Generation++
			g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
			s.reconcile(t)
			for range 3 {
				_, _ = look(t, r, key)
			}
			before := s.service(t, key)
			t.Log(outcome.ReadyCondition(before.Status.Conditions).Reason, before.Status.Origin)
			for range 3 {
				_, _ = look(t, r, key)
			}
			g.Expect(s.service(t, key).ResourceVersion).To(Equal(before.ResourceVersion))
			g.Expect(outcome.ReadyCondition(before.Status.Conditions).Reason).NotTo(Equal(v1alpha1.ReasonArrayUnreachable))
			g.Expect(s.changes(t)).To(BeEmpty())
		})
	}
}

func TestAnObjectThatOnlyObservesForgetsThatItCreatedAServiceThatIsReplaced(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	key, r := s.created(t, "")
	manage := func(policy v1alpha1.ManagementPolicy) {
		obj := s.service(t, key)
		obj.Spec.ManagementPolicy = policy
		obj.Generation++
		g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
	}
	replace := func(fresh bool) string {
		g.Expect(s.FreshTargetNames(t.Context(), fresh)).To(Succeed())
		g.Expect(s.DeleteService(t.Context(), "svm2")).To(Succeed())
		g.Expect(s.PutService(t.Context(), "svm2", controlclient.SVMService{})).To(Succeed())
		s.reconcile(t)
		_, err := look(t, r, key)
		g.Expect(err).NotTo(HaveOccurred())
		return s.service(t, key).Status.Target.Name
	}
	manage(v1alpha1.ManagementPolicyObserve)
	_, _ = look(t, r, key)
	mine := s.service(t, key).Status.Target.Name
	g.Expect(replace(true)).NotTo(Equal(mine), "a poll has seen that it is somebody else's")
	g.Expect(replace(false)).To(Equal(mine), "a third one has the name that ONTAP gives by default")
	manage("")
	_, err := look(t, r, key)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(s.service(t, key).Status.Origin).To(Equal(v1alpha1.OriginAdopted))
}

func TestWhatBarsAnObjectIsToldThoughItsArrayIsOutOfReach(t *testing.T) {
	for name, c := range map[string]struct {
		created, paused, denied bool
		reason                  string
	}{
		"new and paused":     {paused: true, reason: v1alpha1.ReasonPaused},
		"new and denied":     {denied: true, reason: v1alpha1.ReasonAccessDenied},
		"created and denied": {created: true, denied: true, reason: v1alpha1.ReasonAccessDenied},
		"created and paused": {created: true, paused: true, reason: v1alpha1.ReasonEnabled},
	} {
		for trouble, begin := range map[string]func(g Gomega, s *site){
			"disconnected": func(_ Gomega, s *site) { s.Fleet.Disconnect("default") },
			"silent": func(g Gomega, s *site) {
				_, err := s.InjectFault(t.Context(), controlclient.Fault{Reset: controlclient.Before})
				g.Expect(err).NotTo(HaveOccurred())
			},
			"refusing the login": func(g Gomega, s *site) {
				_, err := s.InjectFault(t.Context(), controlclient.Fault{Status: 401, Code: "6691623"})
				g.Expect(err).NotTo(HaveOccurred())
			},
		} {
			t.Run(name+", "+trouble, func(t *testing.T) {
				g := NewWithT(t)
				s := newSite(t)
				var key client.ObjectKey
				var r *Reconciler
				if c.created {
					key, r = s.created(t, "")
				} else {
					key, r = s.newService(t, ""), s.operator(s.Kube)
				}
				obj := s.service(t, key)
				if c.paused {
					if obj.Annotations == nil {
						obj.Annotations = map[string]string{}
					}
					obj.Annotations[v1alpha1.PausedAnnotation] = "true"
				}
				if c.denied {
					s.Edit(t, func(spec *v1alpha1.ONTAPClusterSpec) { spec.Access = nil })
					s.reconcile(t)
				}
				g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
				begin(g, s)
				for range 2 {
					_, err := look(t, r, key)
					g.Expect(err).NotTo(HaveOccurred())
				}
				g.Expect(s.reason(t, key)).To(Equal(c.reason))
			})
		}
	}
}
