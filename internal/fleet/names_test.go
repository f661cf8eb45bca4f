package fleet

import (
	"context"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/internal/simulator/controlclient"
)

const svmsPath = "/api/svm/svms"

// names asks for the UUIDs of SVMs, and returns how many requests that took.
func names(t *testing.T, array *Array, console *controlclient.Control, svms map[string]string) int {
	t.Helper()
	g := NewWithT(t)
	g.Expect(console.ClearJournal(t.Context())).To(Succeed())
	for name, uuid := range svms {
		g.Expect(array.UUIDOf(t.Context(), name)).To(Equal(uuid), name)
	}
	journal, err := console.Journal(t.Context(), 0)
	g.Expect(err).NotTo(HaveOccurred())
	return len(journal)
}

func TestManyNamesTakeOneRequest(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	g.Expect(names(t, array, console, map[string]string{"svm1": withService, "svm2": without})).To(Equal(1))
	g.Expect(names(t, array, console, map[string]string{"svm1": withService})).To(BeZero())
	g.Expect(names(t, array, console, map[string]string{"svm9": ""})).To(Equal(1), "it may be a new one")
	g.Expect(console.CreateSVM(t.Context(), controlclient.SVM{Name: "svm9", UUID: unknown, State: "running"})).To(Succeed())
	g.Expect(names(t, array, console, map[string]string{"svm9": unknown})).To(Equal(1))
}

func TestANameThatHasPassedToAnotherSVMIsLookedUpAnew(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	names(t, array, console, map[string]string{"svm2": without})
	g.Expect(console.ChangeSVM(t.Context(), "svm2", map[string]any{"name": "svm-old"})).To(Succeed())
	g.Expect(console.CreateSVM(t.Context(), controlclient.SVM{Name: "svm2", UUID: unknown, State: "running"})).To(Succeed())
	array.ForgetName("svm2")
	names(t, array, console, map[string]string{"svm2": unknown})
}

func TestOneOddSVMLeavesTheOthersTheirNames(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	_, err := console.InjectFault(t.Context(), controlclient.Fault{Match: controlclient.Match{Path: svmsPath}, Spoil: &controlclient.Spoil{SVM: "svm1", Remove: []string{"uuid"}}})
	g.Expect(err).NotTo(HaveOccurred())
	names(t, array, console, map[string]string{"svm2": without})
}

func TestAnSVMNameThatTheArrayDoesNotAnswerForDelaysNoOther(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	uuid, err := array.UUIDOf(t.Context(), "svm2")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(uuid).To(Equal(without))
	barrier, err := console.Hold(t.Context(), controlclient.Match{Method: http.MethodGet, Path: "/api/svm/svms", Query: "nosuch"}, controlclient.Before)
	g.Expect(err).NotTo(HaveOccurred())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = array.UUIDOf(context.Background(), "nosuch")
	}()
	g.Expect(barrier.Wait(t.Context(), 10*time.Second)).To(Succeed())
	known := make(chan struct{})
	go func() {
		defer close(known)
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_, _ = array.UUIDOf(ctx, "svm2")
	}()
	g.Eventually(known).WithTimeout(2*time.Second).Should(BeClosed(), "it is known")
	g.Expect(barrier.Release(t.Context())).To(Succeed())
	<-ended
}
