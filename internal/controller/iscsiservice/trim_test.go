package iscsiservice

import (
	"context"
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

// caching reads ISCSIServices as the manager's cache keeps them, and counts the patches.
func (s *site) caching(patches *int) client.Client {
	return interceptor.NewClient(s.Kube, interceptor.Funcs{
		Get: func(ctx context.Context, api client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if err := api.Get(ctx, key, obj, opts...); err != nil {
				return err
			}
			_, err := kube.TrimISCSIService(obj)
			return err
		},
		Patch: func(ctx context.Context, api client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			*patches++
			return api.Patch(ctx, obj, patch, opts...)
		},
	})
}

func TestWhatTheCacheDoesWithoutStaysOnTheObject(t *testing.T) {
	many := make([]string, 0, 1000)
	for i := range 1000 {
		many = append(many, fmt.Sprintf("example.com/finalizer-%d", i))
	}
	for name, finalizers := range map[string][]string{
		"with no finalizer of others": nil,
		"with one":                    {"example.com/other"},
		"with more than are kept":     many,
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			key := s.newService(t, "")
			obj := s.service(t, key)
			obj.Annotations = map[string]string{"example.com/notes": "mine"}
			obj.Labels = map[string]string{"team": "a"}
			obj.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "owner", UID: "1"}}
			obj.Finalizers = finalizers
			g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
			foreign := func() {
				t.Helper()
				left := s.service(t, key)
				g.Expect(left.Annotations).To(HaveKeyWithValue("example.com/notes", "mine"))
				g.Expect(left.Labels).To(Equal(obj.Labels))
				g.Expect(left.OwnerReferences).To(Equal(obj.OwnerReferences))
				for _, finalizer := range finalizers {
					g.Expect(left.Finalizers).To(ContainElement(finalizer))
				}
				g.Expect(left.Finalizers).NotTo(ContainElement("more than the cache keeps"))
			}
			patches := 0
			operator := s.operator(s.caching(&patches))
			reconcile := func() {
				t.Helper()
				_, err := operator.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
				g.Expect(client.IgnoreNotFound(err)).To(Succeed())
			}

			// The array refuses, so that the marks are put on, and taken off again.
			fault, err := s.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Method: "POST"}, Status: 400, Code: "2621507"})
			g.Expect(err).NotTo(HaveOccurred())
			reconcile()
			g.Expect(patches).To(BeNumerically(">=", 2))
			g.Expect(isCreating(s.service(t, key))).To(BeFalse())
			foreign()
			reconcile()
			g.Expect(isCreating(s.service(t, key))).To(BeFalse())
			foreign()

			g.Expect(s.RemoveFault(t.Context(), fault)).To(Succeed())
			obj = s.service(t, key)
			obj.Generation++
			g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
			reconcile()
			g.Expect(s.service(t, key).Status.Origin).To(Equal(v1alpha1.OriginCreated))
			g.Expect(hasFinalizer(s.service(t, key))).To(BeTrue())
			foreign()

			obj = s.service(t, key)
			obj.Finalizers = append(obj.Finalizers, "example.com/last")
			g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
			g.Expect(s.Kube.Delete(t.Context(), s.service(t, key))).To(Succeed())
			reconcile()
			g.Expect(hasFinalizer(s.service(t, key))).To(BeFalse())
			g.Expect(s.service(t, key).Finalizers).To(ContainElement("example.com/last"))
			foreign()
		})
	}
}

func TestAnAnnotationBeyondTheLimitIsRefusedAndSaidOnce(t *testing.T) {
	for name, cached := range map[string]bool{"in the cache": true, "live": false} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := newSite(t)
			key := s.newService(t, "")
			patches, kube := 0, client.Client(s.Kube)
			if cached {
				kube = s.caching(&patches)
			}
			operator := s.operator(kube)
			told := operator.Events.(*events.FakeRecorder).Events
			pass := func(value string) (warnings []string) {
				t.Helper()
				obj := s.service(t, key)
				obj.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: value}
				g.Expect(s.Kube.Update(t.Context(), obj)).To(Succeed())
				_, err := operator.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
				g.Expect(err).NotTo(HaveOccurred())
				for len(told) > 0 {
					if said := <-told; strings.Contains(said, v1alpha1.EventInvalidAnnotation) {
						warnings = append(warnings, said)
					}
				}
				return warnings
			}
			fits, long := strings.Repeat("t", v1alpha1.MaxAnnotationLength), strings.Repeat("t", v1alpha1.MaxAnnotationLength+1)
			handled := func() string { return s.service(t, key).Status.LastHandledReconcileAt }

			g.Expect(pass(fits)).To(BeEmpty())
			g.Expect(handled()).To(Equal(fits))
			g.Expect(pass(long)).To(ConsistOf(SatisfyAll(
				HavePrefix("Warning "), ContainSubstring(v1alpha1.ReconcileRequestedAtAnnotation), ContainSubstring("256 bytes"), Not(ContainSubstring("ttt")))))
			g.Expect(handled()).To(BeEmpty())
			g.Expect(pass(long+"t")).To(BeEmpty(), "it is known")
			g.Expect(pass("now")).To(BeEmpty())
			g.Expect(handled()).To(Equal("now"))
			g.Expect(pass(long)).To(HaveLen(1), "it is another one")
		})
	}
}
