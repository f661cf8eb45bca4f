package iscsiservice

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/event"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/controller/trigger"
)

// startController runs the controller of the reconciler as it is set up, with events from the informers that it returns.
func startController(t *testing.T, r *Reconciler) *informertest.FakeInformers {
	t.Helper()
	g := NewWithT(t)
	scheme := r.Client.Scheme()
	g.Expect(metav1.AddMetaToScheme(scheme)).To(Succeed())
	informers := &informertest.FakeInformers{Scheme: scheme}
	for _, obj := range []client.Object{&v1alpha1.ISCSIService{}, &v1alpha1.ONTAPCluster{}, &metav1.PartialObjectMetadata{}} {
		_, err := informers.GetInformer(t.Context(), obj)
		g.Expect(err).NotTo(HaveOccurred())
	}
	mgr, err := ctrl.NewManager(&rest.Config{}, ctrl.Options{
		Scheme:         scheme,
		Logger:         logr.Discard(),
		Controller:     config.Controller{SkipNameValidation: new(true)},
		Metrics:        metricsserver.Options{BindAddress: "0"},
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return meta.NewDefaultRESTMapper(nil), nil },
		NewCache:       func(*rest.Config, cache.Options) (cache.Cache, error) { return informers, nil },
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(r.SetupWithManager(mgr)).To(Succeed())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		stop()
		g.Eventually(ended).WithTimeout(20 * time.Second).Should(Receive(BeNil()))
	})
	return informers
}

func TestANewObjectGoesBeforeAllThatAChangeOfTheirArrayConcerns(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	create := func(namespace, name string) *v1alpha1.ISCSIService {
		obj := &v1alpha1.ISCSIService{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Generation: 1},
			Spec:       v1alpha1.ISCSIServiceSpec{SVM: v1alpha1.SVMSelector{Name: name}},
		}
		g.Expect(s.Kube.Create(t.Context(), obj)).To(Succeed())
		return obj
	}
	for _, namespace := range []string{"flood", "quiet"} {
		g.Expect(s.Kube.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	}
	const flood = 50
	for i := range flood {
		create("flood", fmt.Sprint("main", i))
	}
	create("quiet", "main")

	connected := make(chan event.GenericEvent, 1)
	written := make(chan string, flood+2)
	var informers *informertest.FakeInformers
	var r *Reconciler
	first := true
	kube := interceptor.NewClient(s.Kube, interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, kube client.Client, sub string, obj client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			if first {
				// The only worker is busy until all others wait.
				first = false
				g.Eventually(r.queue.Len).WithTimeout(20 * time.Second).Should(Equal(flood))
				services, err := informers.FakeInformerFor(ctx, &v1alpha1.ISCSIService{})
				g.Expect(err).NotTo(HaveOccurred())
				services.Add(create("flood", "new"))
				g.Eventually(r.queue.Len).WithTimeout(20 * time.Second).Should(Equal(flood + 1))
			}
			written <- obj.GetNamespace() + "/" + obj.GetName()
			return kube.SubResource(sub).Patch(ctx, obj, patch, opts...)
		},
	})
	r = s.operator(kube)
	r.Connected, r.Changed, r.MaxConcurrentReconciles = connected, make(chan event.TypedGenericEvent[trigger.Change]), 1
	informers = startController(t, r)
	connected <- event.GenericEvent{Object: s.Cluster(t)}

	var order []string
	for range flood + 2 {
		var name string
		g.Eventually(written).WithTimeout(20 * time.Second).Should(Receive(&name))
		order = append(order, name)
	}
	g.Expect(order[1]).To(Equal("flood/new"), "somebody has just created it")
	g.Expect(order[2:4]).To(ContainElement("quiet/main"), "namespaces take turns")
}
