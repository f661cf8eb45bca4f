package trigger

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/ontap-operator/ontap-san-operator/api/v1alpha1"
	"github.com/ontap-operator/ontap-san-operator/internal/kube"
)

func TestOnlyTheFirstOfRefusedAnnotationsWakesTheOperator(t *testing.T) {
	g := NewWithT(t)
	with := func(value string) client.Object {
		obj := &v1alpha1.ISCSIService{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: value}}}
		_, err := kube.TrimISCSIService(obj)
		g.Expect(err).NotTo(HaveOccurred())
		return obj
	}
	wakes := func(before, after string) bool {
		return AnnotationsChanged.Update(event.UpdateEvent{ObjectOld: with(before), ObjectNew: with(after)})
	}
	long := strings.Repeat("t", 300)
	g.Expect(wakes("a", "b")).To(BeTrue())
	g.Expect(wakes("", long)).To(BeTrue(), "an event tells of it")
	g.Expect(wakes(long, "u"+long)).To(BeFalse())
	g.Expect(wakes(long, "a")).To(BeTrue())
}
