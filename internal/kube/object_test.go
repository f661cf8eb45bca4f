package kube

import (
	"context"
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
)

type service = Object[v1alpha1.ISCSIService, v1alpha1.ISCSIServiceStatus, *v1alpha1.ISCSIService]

func statusOf(obj *v1alpha1.ISCSIService) *v1alpha1.ISCSIServiceStatus { return &obj.Status }

func stands(*v1alpha1.ISCSIService) error { return nil }

func hold(obj *v1alpha1.ISCSIService) { controllerutil.AddFinalizer(obj, v1alpha1.Finalizer) }

var key = client.ObjectKey{Namespace: "team", Name: "main"}

// store is an API server with one ISCSIService, and read returns what it has.
func store(t *testing.T, finalizers ...string) (kube client.WithWatch, read func() *v1alpha1.ISCSIService) {
	t.Helper()
	scheme := runtime.NewScheme()
	NewWithT(t).Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	kube = fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.ISCSIService{}).WithObjects(&v1alpha1.ISCSIService{
		ObjectMeta: metav1.ObjectMeta{
			Name: key.Name, Namespace: key.Namespace, UID: "1", Finalizers: finalizers, Annotations: map[string]string{"example.com/notes": "mine"},
		},
	}).Build()
	return kube, func() *v1alpha1.ISCSIService {
		obj := &v1alpha1.ISCSIService{}
		NewWithT(t).Expect(kube.Get(t.Context(), key, obj)).To(Succeed())
		return obj
	}
}

// cached is the object as the cache keeps it.
func cached(t *testing.T, kube client.Client, obj *v1alpha1.ISCSIService) *service {
	t.Helper()
	_, err := TrimISCSIService(obj)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return NewObject(kube, kube, obj, statusOf)
}

// edit changes the object behind the pass.
func edit(t *testing.T, kube client.Client, obj *v1alpha1.ISCSIService) {
	t.Helper()
	obj.Annotations["example.com/notes"] = "changed"
	obj.Spec.SVM.Name = "svm2"
	NewWithT(t).Expect(kube.Update(t.Context(), obj)).To(Succeed())
}

func TestNothingIsWrittenWhenNothingChanged(t *testing.T) {
	g := NewWithT(t)
	kube, read := store(t, v1alpha1.Finalizer)
	before := read().ResourceVersion
	o := cached(t, kube, read())
	g.Expect(o.StatusChanged()).To(BeFalse())
	g.Expect(o.PatchStatus(t.Context())).To(Succeed())
	g.Expect(o.PatchMetadata(t.Context(), hold)).To(Succeed())
	g.Expect(read().ResourceVersion).To(Equal(before))
}

func TestTheStatusOfAPassStaysOnTopOfARefreshedObject(t *testing.T) {
	g := NewWithT(t)
	kube, read := store(t)
	o := cached(t, kube, read())
	obj := o.Desired()
	g.Expect(o.Refresh(t.Context(), stands)).To(Succeed(), "it is the same")
	edit(t, kube, read())
	g.Expect(o.Refresh(t.Context(), stands)).To(Succeed(), "it is fresh")

	obj.Status.Origin = v1alpha1.OriginCreated
	o.Invalidate()
	g.Expect(o.Refresh(t.Context(), stands)).To(MatchError(ErrChanged))
	g.Expect(obj.Spec.SVM.Name).To(Equal("svm2"))
	g.Expect(obj.Status.Origin).To(Equal(v1alpha1.OriginCreated))
	g.Expect(o.Stored().Status.Origin).To(BeEmpty())

	g.Expect(o.PatchStatus(t.Context())).To(Succeed())
	g.Expect(read().Status.Origin).To(Equal(v1alpha1.OriginCreated))
	g.Expect(o.StatusChanged()).To(BeFalse())
}

func TestAStatusThatThePassHasNotChangedIsTheOneThatIsStored(t *testing.T) {
	g := NewWithT(t)
	kube, read := store(t)
	o := cached(t, kube, read())
	live := read()
	live.Status.Origin = v1alpha1.OriginAdopted
	g.Expect(kube.Status().Update(t.Context(), live)).To(Succeed())
	g.Expect(o.Refresh(t.Context(), stands)).To(MatchError(ErrChanged))
	g.Expect(o.Desired().Status.Origin).To(Equal(v1alpha1.OriginAdopted))
	g.Expect(o.StatusChanged()).To(BeFalse())
}

func TestThePassEndsIfItDoesNotStandOnWhatIsThere(t *testing.T) {
	g := NewWithT(t)
	kube, read := store(t)
	o := cached(t, kube, read())
	edit(t, kube, read())
	g.Expect(o.Refresh(t.Context(), func(*v1alpha1.ISCSIService) error { return ErrStale })).To(MatchError(ErrStale))
	g.Expect(o.Desired().Spec.SVM.Name).To(BeEmpty())
}

func TestAnOldCopyIsNotWritten(t *testing.T) {
	g := NewWithT(t)
	kube, read := store(t)
	o := cached(t, kube, read())
	g.Expect(o.Refresh(t.Context(), stands)).To(Succeed())
	edit(t, kube, read())
	g.Expect(o.PatchMetadata(t.Context(), hold)).To(MatchError(ErrStale))
	o.Desired().Status.Origin = v1alpha1.OriginCreated
	g.Expect(o.PatchStatus(t.Context())).To(MatchError(ErrStale))
	g.Expect(read().Finalizers).To(BeEmpty())
	g.Expect(read().Status.Origin).To(BeEmpty())

	g.Expect(o.Refresh(t.Context(), stands)).To(MatchError(ErrChanged), "a conflict says that it is not fresh")
	g.Expect(o.PatchMetadata(t.Context(), hold)).To(Succeed())
	g.Expect(o.PatchStatus(t.Context())).To(Succeed())
	g.Expect(read().Finalizers).To(ConsistOf(v1alpha1.Finalizer))
	g.Expect(read().Status.Origin).To(Equal(v1alpha1.OriginCreated))
}

func TestAnObjectThatIsGoneIsNotWritten(t *testing.T) {
	g := NewWithT(t)
	kube, read := store(t)
	o := cached(t, kube, read())
	g.Expect(kube.Delete(t.Context(), read())).To(Succeed())
	o.Desired().Status.Origin = v1alpha1.OriginCreated
	g.Expect(o.PatchMetadata(t.Context(), hold)).To(MatchError(ErrGone))
	g.Expect(o.PatchStatus(t.Context())).To(MatchError(ErrGone))
	g.Expect(o.Refresh(t.Context(), stands)).To(MatchError(ErrGone))
	g.Expect(o.Delete(t.Context())).To(MatchError(ErrGone))

	g.Expect(kube.Create(t.Context(), &v1alpha1.ISCSIService{ObjectMeta: metav1.ObjectMeta{Name: key.Name, Namespace: key.Namespace, UID: "2"}})).To(Succeed())
	g.Expect(o.Refresh(t.Context(), stands)).To(MatchError(ErrGone), "another object has its name")
}

func TestFinalizersThatTheCacheDoesWithoutStay(t *testing.T) {
	g := NewWithT(t)
	many := make([]string, 0, 200)
	for i := range 200 {
		many = append(many, fmt.Sprintf("example.com/finalizer-%d", i))
	}
	kube, read := store(t, many...)
	o := cached(t, kube, read())
	g.Expect(o.Stored().Finalizers).To(ConsistOf(finalizersOmitted))
	g.Expect(o.PatchMetadata(t.Context(), hold)).To(Succeed())
	g.Expect(read().Finalizers).To(ConsistOf(append(many, v1alpha1.Finalizer)))
	g.Expect(read().Annotations).To(HaveKeyWithValue("example.com/notes", "mine"))

	o = cached(t, kube, read())
	edit(t, kube, read())
	g.Expect(o.PatchMetadata(t.Context(), hold)).To(MatchError(ErrStale), "which ones there are now is not known")
}

func TestAWriteIsFinishedByAnOperatorThatStops(t *testing.T) {
	g := NewWithT(t)
	kube, read := store(t)
	o := cached(t, kube, read())
	o.Desired().Status.Origin = v1alpha1.OriginCreated
	ctx, stop := context.WithCancel(t.Context())
	stop()
	patching, cancel := Detached(ctx)
	defer cancel()
	g.Expect(patching.Err()).NotTo(HaveOccurred())
	_, bounded := patching.Deadline()
	g.Expect(bounded).To(BeTrue())
	g.Expect(o.PatchStatus(ctx)).To(Succeed())
	g.Expect(read().Status.Origin).To(Equal(v1alpha1.OriginCreated))
}
