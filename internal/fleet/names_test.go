package fleet

import (
	"context"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ontap-operator/ontap-san-operator/test/testbed"
)

func TestASVMNameThatTheArrayDoesNotAnswerForDelaysNoOther(t *testing.T) {
	g := NewWithT(t)
	array, console := polled(t)
	uuid, err := array.UUIDOf(t.Context(), "svm2")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(uuid).To(Equal(without))
	barrier, err := console.Hold(t.Context(), testbed.Match{Method: http.MethodGet, Path: "/api/svm/svms", Query: "nosuch"}, testbed.Before)
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
