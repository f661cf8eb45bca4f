package workqueue

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestBackoffOutlastsAPassThatFoundNoSlot(t *testing.T) {
	g := NewWithT(t)
	b := NewBackoff()
	item := reconcile.Request{NamespacedName: types.NamespacedName{Name: "main"}}
	for wait := firstRetry; wait < lastRetry; wait *= 2 {
		g.Expect(b.When(item)).To(BeNumerically("~", wait, wait/4+time.Millisecond))
		b.Keep(item)
		b.Forget(item)
	}
	b.Forget(item)
	g.Expect(b.When(item)).To(BeNumerically("<", 2*firstRetry), "a pass that succeeded begins anew")
}
