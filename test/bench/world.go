package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

const (
	namespace = "bench"
	// appliers is how many objects are applied at a time.
	appliers = 8
)

// world is a control plane with an operator, and arrays.
type world struct {
	*bench

	bed      *testbed.Bed
	plane    *testbed.ControlPlane
	identity *testbed.User
	operator *testbed.Operator
	// admin applies objects, and watches them.
	admin  client.WithWatch
	arrays []*array
}

// newWorld starts a control plane. The operator is not started yet.
func (b *bench) newWorld(ctx context.Context) (*world, error) {
	bed, err := testbed.New()
	if err != nil {
		return nil, err
	}
	w := &world{bench: b, bed: bed}
	if err := w.start(ctx); err != nil {
		return nil, fmt.Errorf("%w\nThe logs are in %s", errors.Join(err, bed.Stop()), bed.Dir)
	}
	b.progress("control plane with CRDs and RBAC is up")
	return w, nil
}

func (w *world) start(ctx context.Context) (err error) {
	if w.plane, err = w.bed.StartControlPlane(ctx); err != nil {
		return err
	}
	if err := w.plane.Install(ctx); err != nil {
		return err
	}
	if w.identity, err = w.plane.AddOperator(); err != nil {
		return err
	}
	if w.admin, err = connect(w.plane.User); err != nil {
		return err
	}
	return w.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
}

// connect makes a client that reads and writes without a cache and without a limit of its own.
func connect(user *testbed.User) (client.WithWatch, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", user.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return client.NewWithWatch(config, client.Options{Scheme: scheme})
}

// startOperator starts the operator as it is shipped, apart from -workers.
func (w *world) startOperator(ctx context.Context) (err error) {
	flags := []string{"--log-level", "info"}
	if w.workers > 0 {
		flags = append(flags, "--max-concurrent-reconciles", fmt.Sprint(w.workers))
	}
	w.operator, err = w.bed.StartOperator(ctx, w.identity.Kubeconfig, flags...)
	return err
}

// declare applies the ONTAPCluster of an array and its Secret: every namespace may use every SVM.
func (w *world) declare(ctx context.Context, a *array, change func(*v1alpha1.ONTAPClusterSpec)) error {
	cluster := &v1alpha1.ONTAPCluster{
		ObjectMeta: metav1.ObjectMeta{Name: a.name},
		Spec: v1alpha1.ONTAPClusterSpec{
			Endpoint:             a.url,
			CredentialsSecretRef: v1alpha1.SecretReference{Name: a.name},
			TLS:                  &v1alpha1.TLSConfig{CA: a.ca},
			Access: []v1alpha1.AccessRule{{
				Namespaces: v1alpha1.NamespaceSelector{Selector: &metav1.LabelSelector{}}, SVMs: []string{"*"},
			}},
		},
	}
	change(&cluster.Spec)
	return errors.Join(
		w.admin.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: a.name, Namespace: testbed.OperatorNamespace},
			StringData: map[string]string{"username": arrayUser, "password": arrayPassword, "endpoints": a.url},
		}),
		w.admin.Create(ctx, cluster),
	)
}

// redeclare changes the spec of ONTAPClusters.
func (w *world) redeclare(ctx context.Context, arrays []*array, change func(*v1alpha1.ONTAPClusterSpec)) error {
	for _, a := range arrays {
		cluster := &v1alpha1.ONTAPCluster{}
		if err := w.admin.Get(ctx, client.ObjectKey{Name: a.name}, cluster); err != nil {
			return err
		}
		before := cluster.DeepCopy()
		change(&cluster.Spec)
		if err := w.admin.Patch(ctx, cluster, client.MergeFrom(before)); err != nil {
			return err
		}
	}
	return nil
}

func polledEvery(interval time.Duration) func(*v1alpha1.ONTAPClusterSpec) {
	return func(spec *v1alpha1.ONTAPClusterSpec) { spec.PollInterval = &metav1.Duration{Duration: interval} }
}

// connected waits for the ONTAPClusters to be Ready.
func (w *world) connected(ctx context.Context, arrays []*array) error {
	return until(ctx, time.Minute, "ONTAPClusters are Ready", func(ctx context.Context) (bool, error) {
		for _, a := range arrays {
			cluster := &v1alpha1.ONTAPCluster{}
			if err := w.admin.Get(ctx, client.ObjectKey{Name: a.name}, cluster); err != nil {
				return false, err
			}
			if !isTrue(cluster.Status.Conditions, v1alpha1.ConditionReady) {
				return false, nil
			}
		}
		return true, nil
	})
}

// service is an object for the SVM of that number; of the same array and number, it is the same.
func service(a *array, number int) *v1alpha1.ISCSIService {
	return &v1alpha1.ISCSIService{
		ObjectMeta: metav1.ObjectMeta{Name: a.svm(number), Namespace: namespace},
		Spec: v1alpha1.ISCSIServiceSpec{
			ONTAPClusterRef: &v1alpha1.ONTAPClusterReference{Name: a.name},
			SVM:             v1alpha1.SVMSelector{Name: a.svm(number)},
		},
	}
}

// servicesOf are the objects for the SVMs from first on.
func servicesOf(a *array, first, count int) []*v1alpha1.ISCSIService {
	services := make([]*v1alpha1.ISCSIService, count)
	for i := range services {
		services[i] = service(a, first+i)
	}
	return services
}

// apply creates objects, some at a time, and calls accepted for each.
func (w *world) apply(ctx context.Context, services []*v1alpha1.ISCSIService, accepted func(*v1alpha1.ISCSIService)) error {
	return each(ctx, appliers, services, func(ctx context.Context, service *v1alpha1.ISCSIService) error {
		if err := w.admin.Create(ctx, service); err != nil {
			return err
		}
		accepted(service)
		return nil
	})
}

// bringUp applies objects and waits for them to be Ready.
func (w *world) bringUp(ctx context.Context, services []*v1alpha1.ISCSIService) error {
	seen, err := w.watch(ctx, services)
	if err != nil {
		return err
	}
	defer seen.stop()
	var applied atomic.Int64
	if err := w.apply(ctx, services, func(*v1alpha1.ISCSIService) { applied.Add(1) }); err != nil {
		return err
	}
	w.progress("%d objects applied", applied.Load())
	return seen.wait(ctx)
}

// clear removes objects and leaves the services on the array, without the operator, which does not run.
func (w *world) clear(ctx context.Context, services []*v1alpha1.ISCSIService) error {
	released := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
	err := each(ctx, appliers, services, func(ctx context.Context, service *v1alpha1.ISCSIService) error {
		return w.admin.Patch(ctx, service.DeepCopy(), released)
	})
	return errors.Join(err, w.admin.DeleteAllOf(ctx, &v1alpha1.ISCSIService{}, client.InNamespace(namespace)))
}

func (w *world) closeArrays() {
	for _, a := range w.arrays {
		a.close()
	}
}
