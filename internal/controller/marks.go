package controller

import (
	"context"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/ontap"
)

// mark sets the finalizer and the creating annotation in one patch, which the API server takes only if nothing else has
// changed since: after it, the object is as fresh as a live read.
func (p *pass) mark(ctx context.Context, finalizer, creating bool) error {
	// Marks tell what is about to be sent, or that nothing is under way: only who may send can say so.
	if err := p.r.Lease.Outlasts(time.Now().Add(p.r.writeTimeout())); err != nil {
		return err
	}
	if err := p.whole(ctx); err != nil {
		return err
	}
	marked := p.stored.DeepCopy()
	if finalizer {
		controllerutil.AddFinalizer(marked, v1alpha1.Finalizer)
	} else {
		controllerutil.RemoveFinalizer(marked, v1alpha1.Finalizer)
	}
	if creating {
		if marked.Annotations == nil {
			marked.Annotations = map[string]string{}
		}
		marked.Annotations[v1alpha1.CreatingAnnotation] = string(marked.UID)
		if marked.Status.SVM == nil {
			marked.Annotations[v1alpha1.CreatingSVMAnnotation] = creatingOn(marked.Spec.SVM, arrayUUID(p.cluster))
		}
	} else {
		delete(marked.Annotations, v1alpha1.CreatingSVMAnnotation)
		delete(marked.Annotations, v1alpha1.CreatingAnnotation)
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	err := p.r.Client.Patch(ctx, marked, marksPatch{p.stored})
	if err := writeError(err); err != nil {
		return err
	}
	if creating && (!isCreating(p.stored) || !createsFor(p.stored, p.stored.Spec.SVM)) {
		p.past.post = postUnsent
	}
	p.rebase(marked)
	p.fresh = true
	if p.strayed && !creating && !p.deleting() {
		// From here on the pass would be about another SVM.
		return errStale
	}
	return nil
}

func hasFinalizer(obj *v1alpha1.ISCSIService) bool {
	return slices.Contains(obj.Finalizers, v1alpha1.Finalizer)
}

// createsFor reports whether the create request, if there is one, was meant for that SVM.
func createsFor(obj *v1alpha1.ISCSIService, svm v1alpha1.SVMSelector) bool {
	sent, _, ok := createdOn(obj)
	return !ok || sent == ontap.SVMRef{Name: svm.Name, UUID: svm.UUID}
}

// creatingOn is the value of the annotation that createdOn reads.
func creatingOn(svm v1alpha1.SVMSelector, array string) string {
	return strings.Join([]string{svm.Name, svm.UUID, array}, "/")
}

// createdOn is the SVM and the UUID of the array that the create request was sent for, if the annotation tells.
func createdOn(obj *v1alpha1.ISCSIService) (svm ontap.SVMRef, array string, ok bool) {
	parts := strings.Split(obj.Annotations[v1alpha1.CreatingSVMAnnotation], "/")
	if len(parts) != 3 {
		return ontap.SVMRef{}, "", false
	}
	return ontap.SVMRef{Name: parts[0], UUID: parts[1]}, parts[2], true
}

// isCreating reports whether the annotation carries the object's own UID. A copy of an object carries that of another.
func isCreating(obj *v1alpha1.ISCSIService) bool {
	return obj.Annotations[v1alpha1.CreatingAnnotation] == string(obj.UID)
}

// unmarked lets through that somebody, such as "kubectl replace", took off the marks of an object that has a service: a
// deletion before the next pass would not ask the operator. Without a service, a pass under way notices by itself, and
// it is the operator that takes the marks off after a refusal.
var unmarked = predicate.Funcs{
	CreateFunc:  func(event.CreateEvent) bool { return false },
	DeleteFunc:  func(event.DeleteEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok1 := e.ObjectOld.(*v1alpha1.ISCSIService)
		after, ok2 := e.ObjectNew.(*v1alpha1.ISCSIService)
		return ok1 && ok2 && after.Status.Origin != "" &&
			(hasFinalizer(before) && !hasFinalizer(after) || isCreating(before) && !isCreating(after))
	},
}
